"""The ledger: the tables that record runs, uploads, deliveries and verdicts."""
