"""Counts in English messages."""


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `2 rows`, `1 delivered row`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
