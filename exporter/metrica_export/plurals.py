"""Counts in English messages."""


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `2 rows`, `1 delivered row`, `2 statuses`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}{'es' if noun.endswith('s') else 's'}"
