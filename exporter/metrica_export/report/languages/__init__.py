"""The languages of the report: a catalogue of texts for each, and forms of numbers and dates."""
