"""The state that a killed run left, in a form that can be compared with another one."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.readers import Connection, fetch, query_emulator
from tests.faults.system import SystemUnderTest

_SETTLE_SECONDS = 0.05
"""Metrica may still be at work on the last request of a killed run."""


def state_left_by(system: SystemUnderTest) -> str:
    """Return what a later run finds in the ledger and in Metrica, without times and random ids.

    Metrica's log of requests is left out, and the scheduled faults belong to it.
    """
    time.sleep(_SETTLE_SECONDS)
    with system.warehouse.connection() as connection:
        tables = [*_ledger(connection), *_metrica(system.emulator.state)]
    return "\n".join([*tables, str(system.emulator.faults())])


def _ledger(connection: Connection) -> Iterator[str]:
    columns = fetch(
        connection,
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'metrica_export' and table_name like 'ledger%'",
    )
    for table, names in _by_table(columns).items():
        yield _content(partial(fetch, connection), f"metrica_export.{table}", names)


def _metrica(path: Path) -> Iterator[str]:
    columns = query_emulator(
        path,
        "select t.name, c.name from sqlite_master t, pragma_table_info(t.name) c "
        "where t.type = 'table' and t.name not in ('requests', 'sqlite_sequence')",
    )
    for table, names in _by_table(columns).items():
        yield _content(partial(query_emulator, path), table, names)


_CHANGING = {
    *("started_at", "finished_at", "judged_at", "uploaded_at_utc"),
    *("update_date_time", "reached_at", "state"),
}
"""Columns with the time of a run. `applied.state` has times; the objects' tables have the rest."""


def _by_table(columns: list[tuple[Any, ...]]) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = defaultdict(list)
    for table, column in sorted(columns):
        tables[table].append(column)
    return tables


def _content(read: Callable[[str], list[tuple[Any, ...]]], table: str, columns: list[str]) -> str:
    kept = [
        f"{column} is not null" if column in _CHANGING or column == "uploading_id" else column
        for column in columns
    ]
    rows = read(f"select {', '.join(kept)} from {table}")
    return f"{table}: {sorted(map(repr, rows))}"
