"""The ledger's schema, one file for each version."""
