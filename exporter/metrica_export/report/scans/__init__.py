"""The scans of marts and ledger; the parts of the report read the staging tables they fill."""
