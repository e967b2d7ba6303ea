"""Validation: each staged row is sendable, rejected or held, the latter two with a reason."""
