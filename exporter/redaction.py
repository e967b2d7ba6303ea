"""Metrica's reason for refusing a row, without what was in the row."""

import re

_WORD = re.compile(r"[^\W\d_][\w-]*")
_LONGEST = 300


def redact(text: str, cells: list[str]) -> str:
    """Return the plain Latin words of `text`, without any that one of the cells holds.

    What the texts look like is not documented, and they may repeat the row: numbers,
    addresses, words in other alphabets and words of the row become `…`.
    """
    private = {word.lower() for cell in cells for word in _WORD.findall(cell)}
    kept = []
    for token in text.split():
        bare = token.strip(".,:;()[]\"'")
        plain = bare.isascii() and bare.replace("_", "").replace("-", "").isalpha()
        kept.append(token if plain and bare.lower() not in private else "…")
    return re.sub(r"…( …)+", "…", " ".join(kept))[:_LONGEST]
