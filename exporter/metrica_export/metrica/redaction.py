"""Redaction of texts from other programs: no row data, no control characters."""

import json
import re
from typing import Any

_WORD = re.compile(r"[^\W\d_]+")
_LONGEST = 300
_SHORT = 3


def redact(text: str, cells: list[str]) -> str:
    """Return the plain Latin words of `text` that no cell contains.

    The form of Metrica's texts is not documented, and they may repeat the row. Numbers,
    addresses, words in other alphabets and words of the row become `…`, also a word of the row
    that is cut off, or joined to another one by a hyphen, an underscore or nothing.
    """
    private = {word for cell in cells for word in _WORD.findall(cell.lower())}
    tokens = []
    for token in text.split():
        bare = token.strip(".,:;()[]\"'")
        plain = bare.isascii() and bare.replace("_", "").replace("-", "").isalpha()
        tokens.append("…" if not plain or _tells(bare.lower(), private) else token)
    return re.sub(r"…( …)+", "…", " ".join(tokens))[:_LONGEST]


def _tells(token: str, private: set[str]) -> bool:
    parts = _WORD.findall(token)
    return any(
        word in parts
        or (len(word) > _SHORT and word in token)
        or any(len(part) > _SHORT and word.startswith(part) for part in parts)
        for word in private
    )


def printable(value: object) -> str:
    """Return a value as one line of text, with characters escaped that could control a terminal.

    Ids and names come from the CRM and from Metrica, and may have any character.
    """
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def json_line(value: Any) -> str:  # noqa: ANN401 - JSON of any type
    """Return a value as JSON on one line, with unprintable characters escaped."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    # JSON's own escapes do not include DEL.
    return "".join(
        c if c.isprintable() else json.dumps(c)[1:-1].replace("\x7f", "\\u007f") for c in text
    )
