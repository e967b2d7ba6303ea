"""Visits to the site, to which orders are tied.

A visit has an id, a start in the counter's local time, and the keys of its visitor: a
ClientID, and hashes of e-mails and phones.
"""

import csv
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from metrica_emulator import cells
from metrica_emulator.cells import BadValue, Reader
from metrica_emulator.options import EmulatorError
from metrica_emulator.stage import Values

COLUMNS = ("visit_id", "started_at", "client_id", "emails", "phones")
"""Columns of a file of visits. E-mails and phones are joined by commas, plain or as md5."""

_MD5 = re.compile(r"[0-9a-fA-F]{32}").fullmatch
_KINDS = {
    "client_ids": "client_id",
    "emails": "email",
    "phones": "phone",
    "emails_md5": "email",
    "phones_md5": "phone",
}


@dataclass(frozen=True, slots=True)
class SiteVisit:
    """One visit."""

    visit_id: str
    started_at: str
    keys: frozenset[str]

    @property
    def client_id(self) -> str | None:
        """The visitor's ClientID, None if it is unknown."""
        prefix = "client_id:"
        return next((k.removeprefix(prefix) for k in self.keys if k.startswith(prefix)), None)


def keys_of(state: Values) -> set[str]:
    """Return the keys of a contact's or a simple order's identifiers."""
    return {
        _key(_KINDS[column], value) for column in _KINDS for value in state.get(column, ()) if value
    }


def read_file(path: Path) -> list[SiteVisit]:
    """Read a CSV file of visits; raises EmulatorError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return read(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EmulatorError(f"Cannot read the visits in {path} ({error}).") from None
    except ValueError as error:
        raise EmulatorError(f"Cannot use the visits in {path}: {error}") from None


def read(entries: Iterable[Mapping[str, object]]) -> list[SiteVisit]:
    """Read visits with text values; raises ValueError with the place."""
    visits: dict[str, SiteVisit] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            visit = _visit(entry)
        except BadValue as bad:
            columns = ", ".join(COLUMNS)
            raise ValueError(f"visit {number}: {bad.reason}. Its columns are {columns}.") from None
        if visit.visit_id in visits:
            raise ValueError(f"visit {number}: its visit_id is repeated.")
        visits[visit.visit_id] = visit
    return list(visits.values())


def save(connection: sqlite3.Connection, visits: Iterable[SiteVisit]) -> None:
    """Replace the stored visits."""
    connection.execute("delete from visits")
    connection.executemany(
        "insert into visits values (?, ?, ?)",
        [(visit.visit_id, visit.started_at, json.dumps(sorted(visit.keys))) for visit in visits],
    )


def load(connection: sqlite3.Connection) -> list[SiteVisit]:
    """Return the stored visits."""
    rows = connection.execute("select visit_id, started_at, keys from visits")
    return [SiteVisit(row[0], row[1], frozenset(json.loads(row[2]))) for row in rows]


def _visit(entry: Mapping[str, object]) -> SiteVisit:
    if set(entry) - set(COLUMNS):
        raise BadValue("unknown_column")
    texts = {column: entry.get(column) or "" for column in COLUMNS}
    if not all(isinstance(text, str) for text in texts.values()):
        raise BadValue("not_a_text")
    visit_id, started_at, client_id, emails, phones = (str(text) for text in texts.values())
    if not visit_id:
        raise BadValue("no visit_id")
    keys = {_key("client_id", cells.client_id(client_id))} if client_id else set()
    keys |= _keys("email", emails, cells.email) | _keys("phone", phones, cells.phone)
    return SiteVisit(cells.identifier(visit_id), cells.moment(started_at), frozenset(keys))


def _keys(kind: str, values: str, reader: Reader) -> set[str]:
    entries = values.split(",") if values else []
    return {_key(kind, entry if _MD5(entry) else reader(entry)) for entry in entries}


def _key(kind: str, value: str) -> str:
    if kind != "client_id":
        hashed = hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()
        value = value.lower() if _MD5(value) else hashed
    return f"{kind}:{value}"
