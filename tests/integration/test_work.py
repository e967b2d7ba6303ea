"""How much work a run is, counted and not timed: what grows here grows on every machine.

2,000 orders of 400 contacts: the first run, a quiet one, and one after 10 orders changed.
When a number is meant to change, the failure shows the lines to put into the table.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.mart import change, fill
from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.marts_fixture import MartsWarehouse
from tests.support.wire_fixture import CountedWire

LEDGER_TABLES = (
    "select table_name from information_schema.tables "
    "where table_schema = 'metrica_export' and table_type = 'BASE TABLE'"
)


@dataclass(frozen=True)
class Work:
    """What one run did."""

    requests: int  # to Metrica, of every kind
    uploaded: int  # bytes of CSV
    ledger_rows: int  # rows of the ledger that came or went; a changed one has done both
    staged: int  # kilobytes written to local files, the DuckDB warehouse's among them
    statements: int = 0  # sent to PostgreSQL, in all sessions
    read: int = 0  # kilobytes that came from PostgreSQL
    written: int = 0  # kilobytes that went to PostgreSQL


ABOUT = {"staged": 0.15, "read": 0.1, "written": 0.1}
"""What depends on versions and on the clock a little, and how far it may be off."""

# fmt: off
EXPECTED: dict[str, dict[str, Work]] = {
    "duckdb": {
        "first": Work(requests=10, uploaded=288509, ledger_rows=4470, staged=5515),
        "quiet": Work(requests=3, uploaded=0, ledger_rows=13, staged=2104),
        "ten changed": Work(requests=5, uploaded=1410, ledger_rows=24, staged=3156),
    },
    "postgres": {
        "first": Work(requests=10, uploaded=288509, ledger_rows=4470, staged=288, statements=620, read=2782, written=596),  # noqa: E501 - a line for a run
        "quiet": Work(requests=3, uploaded=0, ledger_rows=13, staged=0, statements=342, read=843, written=115),  # noqa: E501
        "ten changed": Work(requests=5, uploaded=1410, ledger_rows=24, staged=1, statements=457, read=855, written=131),  # noqa: E501
    },
}
# fmt: on


@pytest.fixture(params=["duckdb", "postgres"])
def job_and_wire(
    request: pytest.FixtureRequest, tmp_path: Path, running_emulator: RunningEmulator
) -> Iterator[tuple[Job, CountedWire | None]]:
    """Return an export of 2,000 orders, and what counts its statements on PostgreSQL."""
    running_emulator.reset()
    running_emulator.quotas(requests_per_second=1000)
    if request.param == "duckdb":
        yield Job(fill(tmp_path, None, 2_000), running_emulator), None
        return
    database = request.getfixturevalue("pg_database")
    with CountedWire(database.port) as wire:
        marts = fill(tmp_path, replace(database, port=wire.port), 2_000)
        yield Job(marts, running_emulator), wire


def test_work_run_does_no_more_work_than_it_did(
    job_and_wire: tuple[Job, CountedWire | None],
) -> None:
    job, wire = job_and_wire
    done = {"first": _work(job, wire), "quiet": _work(job, wire)}
    change(job.marts, rows=10, offset=0)
    done["ten changed"] = _work(job, wire)
    expected = EXPECTED["duckdb" if wire is None else "postgres"]
    lines = "\n".join(f"{kind!r}: {work}," for kind, work in done.items())
    assert {kind: _about(work) for kind, work in expected.items()} == {
        kind: {field.name: getattr(work, field.name) for field in fields(work)}
        for kind, work in done.items()
    }, f"The table would be:\n{lines}"


def test_work_quiet_run_scans_a_mart_for_its_checksum_only(
    pg_database: Database, tmp_path: Path, running_emulator: RunningEmulator
) -> None:
    running_emulator.reset()
    job = Job(fill(tmp_path, pg_database, 2_000), running_emulator)
    assert job.run().error is None
    before = _scans(job.marts)
    assert job.sent() == {}
    # One more scan is the job's own, for its count of all rows. The window of the orders is read
    # by the index; 400 contacts are too few for an index.
    assert _scans(job.marts) - before == Counter(orders=2, contacts=3)
    job.marts.sql("alter table metrica.contacts drop constraint contacts_pkey")
    job.marts.sql("alter table metrica.contacts alter uniq_id drop not null")
    job.marts.sql("update metrica.contacts set uniq_id = null where uniq_id = '7'")
    assert job.run().entities["contacts"].rejected == 1
    before = _scans(job.marts)
    assert job.run().entities["contacts"].rejected == 1
    # The index went with the key, and a row without an id can be found by a scan only.
    assert _scans(job.marts) - before == Counter(orders=2, contacts=4)


def _scans(marts: MartsWarehouse) -> Counter[str]:
    """Return the sequential scans of each large mart so far, as PostgreSQL counts them."""
    # A session's scans are counted when it ends.
    others = "select pid from pg_stat_activity where datname = current_database() and pid <> "
    while marts.sql(f"{others} pg_backend_pid()"):
        time.sleep(0.01)
    counted = marts.sql(
        "select relname, seq_scan from pg_stat_user_tables where schemaname = 'metrica' "
        "and relname in ('contacts', 'orders')"
    )
    return Counter(dict(counted))


def _about(work: Work) -> dict[str, Any]:
    return {
        field.name: pytest.approx(getattr(work, field.name), rel=ABOUT.get(field.name, 0))
        for field in fields(work)
    }


def _work(job: Job, wire: CountedWire | None) -> Work:
    """Run, and count."""
    before = _ledger(job.marts)
    requests, uploaded = _seen_by_metrica(job.emulator)
    if wire is not None:
        wire.settle()
        wire.reset()
    written = psutil.Process().io_counters().write_chars
    outcome = job.run()
    written = psutil.Process().io_counters().write_chars - written
    assert outcome.error is None
    over_the_wire = {}
    if wire is not None:
        wire.settle()
        over_the_wire = {
            "statements": len(wire.statements),
            "read": wire.bytes_in // 1_000,
            "written": wire.bytes_out // 1_000,
        }
    requests_after, uploaded_after = _seen_by_metrica(job.emulator)
    after = _ledger(job.marts)
    return Work(
        requests=requests_after - requests,
        uploaded=uploaded_after - uploaded,
        ledger_rows=(after - before).total() + (before - after).total(),
        staged=written // 1_000,
        **over_the_wire,
    )


def _ledger(marts: MartsWarehouse) -> Counter[tuple[Any, ...]]:
    """Return every row of every table of the ledger."""
    found: Counter[tuple[Any, ...]] = Counter()
    for (table,) in marts.sql(LEDGER_TABLES):
        rows = marts.sql(f"select * from metrica_export.{table}")
        found.update((table, *row) for row in rows)
    return found


def _seen_by_metrica(emulator: RunningEmulator) -> tuple[int, int]:
    ((requests,),) = emulator.sql("select count(*) from requests")
    ((uploaded,),) = emulator.sql("select coalesce(sum(bytes), 0) from uploads")
    return requests, uploaded
