"""The list of uploads, and an upload as the API shows it (getLastUploadings)."""

import json
import re
import sqlite3
from datetime import UTC, datetime

from exporter.emulator.clock import LOCAL, Clock
from exporter.emulator.refusal import invalid
from exporter.emulator.switches import Switches

STORED = "%Y-%m-%dT%H:%M:%SZ"
"""How the store writes an upload's time: UTC, whole seconds, sortable as text."""

_MAX = 1000
_SUBTYPES = {
    "contacts": "CONTACT",
    "orders": "ORDER",
    "simple_orders": "SIMPLE_ORDER",
    "products": "PRODUCT",
}
_NAIVE = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII).fullmatch
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?Z", re.ASCII).fullmatch


def shown(row: sqlite3.Row, clock: Clock, switches: Switches) -> dict[str, object]:
    """Return an upload as `UploadingMetaExternal`; without a status while it is hidden."""
    moment = datetime.strptime(row["uploaded_at_utc"], STORED).replace(tzinfo=UTC)
    naive = switches.datetime_format == "naive"
    upload = {
        "uploading_id": row["uploading_id"],
        "datetime": clock.wall(moment) if naive else row["uploaded_at_utc"],
        "api_validation_status": row["status"],
        "api_validation_errors": json.loads(row["errors"]),
        "elements_count": row["elements_count"],
        "entity_type": row["entity_type"],
        "entity_subtype": _SUBTYPES[row["entity"]],
        "uploading_format": row["uploading_format"],
        "uploading_source": "API",
        "uploading_title": "",
    }
    if row["hidden_polls"]:
        del upload["api_validation_status"]
    return upload


def limit_of(parameter: str | None) -> int:
    """Read the parameter `limit`; raises Refusal outside 1..1000."""
    if parameter is None:
        return 10
    if not (parameter.isascii() and parameter.isdigit() and 1 <= int(parameter) <= _MAX):
        raise invalid(f"limit must be between 1 and {_MAX}.", "limit")
    return int(parameter)


def before_of(parameter: str | None, clock: Clock) -> str | None:
    """Read the parameter `datetime_offset` as a stored time; raises Refusal.

    A time without a zone is the counter's.
    """
    if parameter is None:
        return None
    iso = _ISO(parameter)
    try:
        if iso:
            return datetime.strptime(iso[1] + "Z", STORED).replace(tzinfo=UTC).strftime(STORED)
        if _NAIVE(parameter):
            wall = datetime.strptime(parameter, LOCAL).replace(tzinfo=clock.zone)
            return wall.astimezone(UTC).strftime(STORED)
    except ValueError:
        pass
    raise invalid("Expected yyyy-MM-dd HH:mm:ss or yyyy-MM-ddTHH:mm:ssZ.", "datetime_offset")


def poll(connection: sqlite3.Connection, limit: int, before: str | None) -> list[sqlite3.Row]:
    """Return the uploads strictly earlier than `before`, newest first.

    An upload that is still hidden is left out, and comes one poll nearer.
    """
    rows = connection.execute(
        "select * from uploads where hidden_polls = 0 and (? is null or uploaded_at_utc < ?)"
        " order by number desc limit ?",
        (before, before, limit),
    ).fetchall()
    connection.execute("update uploads set hidden_polls = hidden_polls - 1 where hidden_polls > 0")
    return rows
