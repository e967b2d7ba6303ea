"""Metrica's reason for refusing a row, without what was in the row."""

import re

_WORD = re.compile(r"[^\W\d_]+")
_LONGEST = 300
_SHORT = 3


def redact(text: str, cells: list[str]) -> str:
    """Return the plain Latin words of `text`, without any that one of the cells holds.

    What the texts look like is not documented, and they may repeat the row: numbers,
    addresses, words in other alphabets and words of the row become `…`. A word of the row
    may be cut off, or joined to another one by a hyphen, an underscore or nothing.
    """
    private = {word for cell in cells for word in _WORD.findall(cell.lower())}
    kept = []
    for token in text.split():
        bare = token.strip(".,:;()[]\"'")
        plain = bare.isascii() and bare.replace("_", "").replace("-", "").isalpha()
        kept.append("…" if not plain or _tells(bare.lower(), private) else token)
    return re.sub(r"…( …)+", "…", " ".join(kept))[:_LONGEST]


def _tells(token: str, private: set[str]) -> bool:
    parts = _WORD.findall(token)
    return any(
        word in parts
        or (len(word) > _SHORT and word in token)
        or any(len(part) > _SHORT and word.startswith(part) for part in parts)
        for word in private
    )
