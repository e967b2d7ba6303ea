"""Time zones by their IANA names."""

import re
from importlib.resources import files


def same_zone(zone: str | None, other: str) -> bool:
    """Return whether two names stand for one zone, as Europe/Kiev and Europe/Kyiv do.

    If the tz database renames a zone, the old name is a link with equal rules.
    """
    if zone is None or zone == other:
        return zone == other
    rules = _rules(zone)
    return rules is not None and rules == _rules(other)


def _rules(zone: str) -> bytes | None:
    if not _NAME.fullmatch(zone):
        return None
    found = files("tzdata").joinpath("zoneinfo", *zone.split("/"))
    return found.read_bytes() if found.is_file() else None


_NAME = re.compile(r"[\w+-]+(/[\w+-]+)*", re.ASCII)
