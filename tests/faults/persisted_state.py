"""The state that a killed run left, in a form that can be compared with another one."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.faults.readers import fetch, query_emulator
from tests.faults.system import SystemUnderTest

_SETTLE_SECONDS = 0.05
"""Metrica may still be at work on the last request of a killed run."""


def state_left_by(system: SystemUnderTest) -> str:
    """Return what a later run finds in the ledger and in Metrica, without times and random ids.

    Metrica's log of requests is left out, and the scheduled faults belong to it.
    """
    time.sleep(_SETTLE_SECONDS)
    metrica = partial(query_emulator, system.emulator.state)
    with system.warehouse.ledger_connection() as connection:
        ledger = list(_contents(partial(fetch, connection), _LEDGER_COLUMNS))
    return "\n".join(
        [*ledger, *_contents(metrica, _METRICA_COLUMNS), str(system.emulator.faults())]
    )


_LEDGER_COLUMNS = """
    select 'metrica_export.' || table_name, column_name from information_schema.columns
    where table_schema = 'metrica_export' and table_name like 'ledger%'
"""
_METRICA_COLUMNS = """
    select t.name, c.name from sqlite_master t, pragma_table_info(t.name) c
    where t.type = 'table' and t.name not in ('requests', 'sqlite_sequence')
        and t.name || '.' || c.name <> 'applied.state'
"""
"""`applied.state` has times; the tables of the objects have the rest of it."""

_CHANGING = {
    *("started_at", "finished_at", "judged_at", "uploaded_at_utc"),
    *("update_date_time", "reached_at", "uploading_id"),
}
"""Columns with the time of a run, or with an id that Metrica draws at random."""


def _contents(read: Callable[[str], list[tuple[Any, ...]]], columns: str) -> Iterator[str]:
    """Yield each table's name and rows; the query `columns` names its tables and their columns."""
    tables: dict[str, list[str]] = defaultdict(list)
    for table, column in sorted(read(columns)):
        tables[table].append(f"{column} is not null" if column in _CHANGING else column)
    for table, kept in tables.items():
        rows = read(f"select {', '.join(kept)} from {table}")
        yield f"{table}: {sorted(map(repr, rows))}"
