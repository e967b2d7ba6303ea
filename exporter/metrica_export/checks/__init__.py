"""Validation: whether each staged row can be sent, and the reason if not."""
