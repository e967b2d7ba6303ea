"""The parameter `columns_mapping`: which header stands for which attribute."""

import re

from metrica_emulator.refusal import invalid

_PAIR = r'"([^"]+)":"([^"]+)"'
_ALL = re.compile(rf"\s*{_PAIR}\s*(,\s*{_PAIR}\s*)*").fullmatch
_EACH = re.compile(_PAIR)


def parse(parameter: str) -> list[tuple[str, str]]:
    """Return (attribute, header) pairs of `"attribute":"header",…` (uploadContacts).

    Raises Refusal when the parameter has another form.
    """
    if not _ALL(parameter):
        raise invalid('Expected "attribute":"header" pairs without braces.', "columns_mapping")
    return [(match[1], match[2]) for match in _EACH.finditer(parameter)]
