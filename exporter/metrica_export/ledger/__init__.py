"""The tables that record runs, uploads, deliveries and verdicts."""
