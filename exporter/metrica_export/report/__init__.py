"""The report: figures of marts and ledger, and one HTML page that shows them."""
