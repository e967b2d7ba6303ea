"""The languages of the report: a catalogue of texts for each, and the forms of numbers and dates."""
