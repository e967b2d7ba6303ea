"""Trials of the controls: short histories, each with the one danger that a guard prevents.

A trial changes as little as possible. Otherwise a missing guard would break several invariants,
and the one that it protects could not be identified. The random generator chooses rows, cells
and faults.
"""

from collections.abc import Callable
from time import sleep

from tests.faults import invariants, mart_changes, readers
from tests.faults.exit_codes import BUSY, RUN_EXIT_CODES
from tests.faults.generated_marts import GeneratedMarts, row_key
from tests.faults.history import HistoryResult
from tests.faults.launcher import ExporterProcess
from tests.faults.row_edits import row_path, set_path
from tests.faults.system import SystemUnderTest

ROWS_DELIVERED = "rows delivered"
"""The event count of a trial's delivered rows."""

_UPLOAD_FAULTS = ("status:403", "status:503", "drop_before")
"""Faults under which Metrica does not apply the upload."""

_EVERY_RETRY = 20
"""More than the number of a request's retries."""

Trial = Callable[[SystemUnderTest, GeneratedMarts], None]


def run_trial(
    system: SystemUnderTest, marts: GeneratedMarts, trial: Trial, seed: int
) -> HistoryResult:
    """Run a trial and the final clean runs of every history; check the invariants."""
    trial(system, marts)
    system.record_marts()
    system.finish_history()
    query = "select coalesce(sum(elements_count), 0) from uploads where status = 'PASSED'"
    ((rows,),) = readers.query_emulator(system.emulator.state, query)
    system.event_counts[ROWS_DELIVERED] = rows
    return HistoryResult(
        *(seed, system.warehouse_kind, "trial", (trial.__name__,)),
        tuple(invariants.violations(system)),
        system.event_counts,
    )


def lost_upload(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    """Upload changed contacts, but Metrica does not apply the file."""
    _fill_and_run(system, marts)
    mart_changes.change_every_row(marts, "contacts")
    system.record_marts()
    fault = marts.rng.choice(_UPLOAD_FAULTS)
    system.emulator.fault(fault, "POST /data/contacts/csv", times=_EVERY_RETRY)
    system.run()


def refused_upload(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    """Upload changed contacts; Metrica answers with HTTP 200 and refuses the file."""
    _fill_and_run(system, marts)
    mart_changes.change_every_row(marts, "contacts")
    system.record_marts()
    system.emulator.fault("failed", "POST /data/contacts/csv", times=_EVERY_RETRY)
    system.run()


def change_under_old_timestamp(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    """Change contacts but not their `updated_at`."""
    _fill_and_run(system, marts)
    changed = marts.rng.sample(marts.rows["contacts"][:-1], k=2)
    timestamps = [row.updated_at for row in changed]
    for row in changed:
        row.cells = marts.generator.contact(str(row_key(row)))
        marts.record_cells(row)
    marts.write(("contacts", row_key(row)) for row in changed)
    assert timestamps == [row.updated_at for row in changed]
    system.record_marts()
    system.run()


def concurrent_runs(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    """Pause a run between its uploads, change the contacts, and start another run."""
    _fill_and_run(system, marts)
    mart_changes.change_every_row(marts, "contacts")
    system.record_marts()
    system.emulator.fault("slow:3", "POST /data/contacts/csv")

    def during_run(first: ExporterProcess) -> None:
        _pause_between_uploads(system, first)
        try:
            mart_changes.change_every_row(marts, "contacts")
            system.record_marts()
            system.finish_run(system.start_run("--chunk-rows", "3"), (*RUN_EXIT_CODES, BUSY))
        finally:
            first.resume()

    system.run("--chunk-rows", "1", during_run=during_run)
    # Later cells replace both versions, so that only the sequence of the earlier ones is wrong.
    mart_changes.change_every_row(marts, "contacts")


def advance_orders(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    """Append two statuses to the path of each order before one run."""
    _fill_and_run(system, marts)
    for row in marts.rows["orders"]:
        path = [*row_path(row), *marts.rng.choice((["IN_PROGRESS", "SPAM"], ["s2", "CANCELLED"]))]
        set_path(marts, row, path)
        row.updated_at = marts.next_updated_at()
    marts.write(("orders", key) for key in marts.keys("orders"))
    system.record_marts()
    system.run()


def _fill_and_run(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    for status in ("s1", "s2"):
        marts.add("order_statuses", marts.generator.status(status), marts.next_updated_at())
    marts.add("products", marts.generator.product("p1"), marts.next_updated_at())
    for number in range(marts.rng.randint(4, 8)):
        marts.add("contacts", marts.generator.contact(f"c{number}"), marts.next_updated_at())
    for number in range(marts.rng.randint(3, 6)):
        order = marts.generator.order(f"o{number}", f"c{number % 3}", ["s1"], ["p1"])
        marts.add("orders", order, marts.next_updated_at())
    marts.write((mart, key) for mart in marts.rows for key in marts.keys(mart))
    system.record_marts()
    system.run(expected=(0,))


def _pause_between_uploads(system: SystemUnderTest, process: ExporterProcess) -> None:
    """Pause a run after its slow upload, while only the lock has an open transaction."""
    query = (
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid() and state <> 'idle' and query not like '%advisory%'"
    )
    while any(fault["kind"] == "slow" for fault in system.emulator.faults()):
        if not process.is_alive():
            raise RuntimeError("The first run ended before its slow upload.")
    while process.is_alive():
        process.pause()
        ((busy,),) = system.warehouse.sql(query)
        if not busy:
            return
        process.resume()
        sleep(0.05)
    raise RuntimeError("The first run ended before it could be paused between its uploads.")
