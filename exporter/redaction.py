"""Texts of other programs made fit to be shown: without row data, without control characters."""

import json
import re
from typing import Any

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
