"""Texts of other programs made fit to be shown: without row data, without control characters."""

import json
import re
from typing import Any

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


def printable(value: object) -> str:
    """Return a value as one line of text; characters that could steer a terminal are escaped.

    Ids and names come from the CRM and from Metrica, and may hold any.
    """
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def json_line(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return JSON on one line; equal to its value, and escaped like `printable`."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    # JSON's own escapes leave DEL as it is.
    return "".join(
        c if c.isprintable() else json.dumps(c)[1:-1].replace("\x7f", "\\u007f") for c in text
    )
