"""Short histories, each of which meets the one danger that a guard of the exporter is against.

A trial changes as little as the danger needs: with the guard left out, more than one
invariant would break otherwise, and which one the guard protects could not be seen. The
dice choose rows, contents and faults.
"""

from collections.abc import Callable
from time import sleep

from tests.faults import invariants, mart_changes, reading
from tests.faults.generated_marts import GeneratedMarts, row_key
from tests.faults.history import Told
from tests.faults.launcher import Process
from tests.faults.row_edits import row_path, set_path
from tests.faults.world import BUSY, MAY_END, World

DELIVERED = "rows delivered"

_LOST = ("status:403", "status:503", "drop_before")
"""Faults under which Metrica takes nothing."""

_ALWAYS = 20
"""More often than a run tries a request again."""


def judge(
    world: World, marts: GeneratedMarts, trial: Callable[[World, GeneratedMarts], None], seed: int
) -> Told:
    """Run a trial, then the clean runs that follow every history, and judge the outcome."""
    trial(world, marts)
    world.observe()
    world.finish()
    query = "select coalesce(sum(elements_count), 0) from uploads where status = 'PASSED'"
    ((world.tally[DELIVERED],),) = reading.ask(world.emulator.state, query)
    wrong = tuple(invariants.after(world))
    return Told(seed, world.kind, "trial", (trial.__name__,), wrong, world.tally)


def lost_upload(world: World, marts: GeneratedMarts) -> None:
    """Upload changed contacts, but Metrica does not take the file."""
    _deliver(world, marts)
    mart_changes.change_every_row(marts, "contacts")
    world.observe()
    kind = marts.rng.choice(_LOST)
    world.emulator.fault(kind, "POST /data/contacts/csv", times=_ALWAYS)
    world.run()


def refused_upload(world: World, marts: GeneratedMarts) -> None:
    """Upload changed contacts, and let Metrica answer 200 and refuse the file."""
    _deliver(world, marts)
    mart_changes.change_every_row(marts, "contacts")
    world.observe()
    world.emulator.fault("failed", "POST /data/contacts/csv", times=_ALWAYS)
    world.run()


def change_under_old_timestamp(world: World, marts: GeneratedMarts) -> None:
    """Change contacts, but not their `updated_at`."""
    _deliver(world, marts)
    changed = marts.rng.sample(marts.rows["contacts"][:-1], k=2)
    stamps = [row.updated_at for row in changed]
    for row in changed:
        row.cells = marts.generator.contact(str(row_key(row)))
        marts.record_cells(row)
    marts.write(("contacts", row_key(row)) for row in changed)
    assert stamps == [row.updated_at for row in changed]
    world.observe()
    world.run()


def two_runs(world: World, marts: GeneratedMarts) -> None:
    """Pause a run between its uploads, change the contacts, and start another run."""
    _deliver(world, marts)
    mart_changes.change_every_row(marts, "contacts")
    world.observe()
    world.emulator.fault("slow:3", "POST /data/contacts/csv")

    def meanwhile(first: Process) -> None:
        _pause_between_uploads(world, first)
        try:
            mart_changes.change_every_row(marts, "contacts")
            world.observe()
            world.end(world.start("--chunk-rows", "3"), (*MAY_END, BUSY))
        finally:
            first.resume()

    world.run("--chunk-rows", "1", meanwhile=meanwhile)
    # The last contents go again, so that only the order of the earlier ones is wrong.
    mart_changes.change_every_row(marts, "contacts")


def orders_move_on(world: World, marts: GeneratedMarts) -> None:
    """Let orders come to several more statuses at once."""
    _deliver(world, marts)
    for row in marts.rows["orders"]:
        path = [*row_path(row), *marts.rng.choice((["IN_PROGRESS", "SPAM"], ["s2", "CANCELLED"]))]
        set_path(marts, row, path)
        row.updated_at = marts.next_updated_at()
    marts.write(("orders", key) for key in marts.keys("orders"))
    world.observe()
    world.run()


def _deliver(world: World, marts: GeneratedMarts) -> None:
    for status in ("s1", "s2"):
        marts.add("order_statuses", marts.generator.status(status), marts.next_updated_at())
    marts.add("products", marts.generator.product("p1"), marts.next_updated_at())
    for number in range(marts.rng.randint(4, 8)):
        marts.add("contacts", marts.generator.contact(f"c{number}"), marts.next_updated_at())
    for number in range(marts.rng.randint(3, 6)):
        order = marts.generator.order(f"o{number}", f"c{number % 3}", ["s1"], ["p1"])
        marts.add("orders", order, marts.next_updated_at())
    marts.write((mart, key) for mart in marts.rows for key in marts.keys(mart))
    world.observe()
    world.run(expected=(0,))


def _pause_between_uploads(world: World, process: Process) -> None:
    """Stop a run after its slow upload, while it holds no transaction open but the lock's."""
    query = (
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid() and state <> 'idle' and query not like '%advisory%'"
    )
    while any(fault["kind"] == "slow" for fault in world.emulator.faults()):
        if not process.is_alive():
            raise RuntimeError("The first run ended before its slow upload.")
    while process.is_alive():
        process.pause()
        ((busy,),) = world.warehouse.sql(query)
        if not busy:
            return
        process.resume()
        sleep(0.05)
    raise RuntimeError("The first run ended before it could be paused between its uploads.")
