"""Time zones by their IANA names."""

import re
from importlib.resources import files


def same_zone(ours: str | None, theirs: str) -> bool:
    """Return whether two names stand for one zone, as Europe/Kiev and Europe/Kyiv do.

    The tz database renames a zone and keeps the old name as a link with equal rules.
    """
    if ours is None or ours == theirs:
        return ours == theirs
    rules = _rules(ours)
    return rules is not None and rules == _rules(theirs)


def _rules(zone: str) -> bytes | None:
    if not _NAME.fullmatch(zone):
        return None
    found = files("tzdata").joinpath("zoneinfo", *zone.split("/"))
    return found.read_bytes() if found.is_file() else None


_NAME = re.compile(r"[\w+-]+(/[\w+-]+)*", re.ASCII)
