"""The list of uploads, and an upload's form in answers."""

import json
import re
import sqlite3
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from metrica_emulator.clock import LOCAL, STORED, Clock, moment_of
from metrica_emulator.refusal import invalid
from metrica_emulator.switches import Switches

_MAX = 1000
_SUBTYPES = {
    "contacts": "CONTACT",
    "orders": "ORDER",
    "simple_orders": "SIMPLE_ORDER",
    "products": "PRODUCT",
}
_EXTRA = ("api_validation_errors", "entity_subtype", "uploading_title")
_MOSCOW = ZoneInfo("Europe/Moscow")
_NAIVE = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII).fullmatch
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?Z", re.ASCII).fullmatch


def shown(row: sqlite3.Row, clock: Clock, switches: Switches) -> dict[str, object]:
    """Return an upload as `UploadingMetaExternal`, without a status while it is hidden."""
    local = moment_of(row["uploaded_at_utc"]).astimezone(zone_of(clock, switches)).strftime(LOCAL)
    upload = {
        "uploading_id": row["uploading_id"],
        "datetime": row["uploaded_at_utc"] if switches.datetime_format == "iso" else local,
        "api_validation_status": row["status"],
        "api_validation_errors": json.loads(row["errors"]),
        "elements_count": row["elements_count"],
        "entity_type": row["entity_type"],
        "entity_subtype": _SUBTYPES[row["entity"]],
        "uploading_format": row["uploading_format"],
        "uploading_source": "API",
        "uploading_title": "",
    }
    if switches.upload_extra_fields == "off":
        for name in _EXTRA:
            del upload[name]
    if row["hidden_polls"]:
        del upload["api_validation_status"]
    return upload


def zone_of(clock: Clock, switches: Switches) -> ZoneInfo:
    """Return the zone of times without a zone."""
    return _MOSCOW if switches.datetime_format == "moscow" else clock.zone


def limit_of(parameter: str | None) -> int:
    """Read the parameter `limit`; raises Refusal outside 1..1000."""
    if parameter is None:
        return 10
    if not (parameter.isascii() and parameter.isdigit() and 1 <= int(parameter) <= _MAX):
        raise invalid(f"limit must be between 1 and {_MAX}.", "limit")
    return int(parameter)


def before_of(parameter: str | None, zone: ZoneInfo) -> str | None:
    """Read the parameter `datetime_offset` as a stored time; raises Refusal.

    `zone` is the zone of a time without one.
    """
    if parameter is None:
        return None
    iso = _ISO(parameter)
    try:
        if iso:
            return datetime.strptime(iso[1] + "Z", STORED).replace(tzinfo=UTC).strftime(STORED)
        if _NAIVE(parameter):
            local = datetime.strptime(parameter, LOCAL).replace(tzinfo=zone)
            return local.astimezone(UTC).strftime(STORED)
    except ValueError:
        pass
    raise invalid("Expected yyyy-MM-dd HH:mm:ss or yyyy-MM-ddTHH:mm:ssZ.", "datetime_offset")


def poll(
    connection: sqlite3.Connection, *, limit: int, before: str | None, failed: bool
) -> list[sqlite3.Row]:
    """Return the newest uploads strictly earlier than `before`, newest first.

    A hidden upload is left out, and is hidden for one poll less afterwards.
    """
    rows = connection.execute(
        "select * from uploads where hidden_polls = 0 and (? is null or uploaded_at_utc < ?)"
        " and (? or status = 'PASSED') order by number desc limit ?",
        (before, before, failed, limit),
    ).fetchall()
    connection.execute("update uploads set hidden_polls = hidden_polls - 1 where hidden_polls > 0")
    return rows
