"""Short histories, each of which meets the one danger that a guard of the exporter is against.

A trial changes as little as the danger needs: with the guard left out, more than one
invariant would break otherwise, and which one the guard protects could not be seen. The
dice choose rows, contents and faults.
"""

from collections.abc import Callable
from time import sleep

from tests.faults import changes, invariants, reading
from tests.faults.edits import go_on, path_of
from tests.faults.history import Told
from tests.faults.launcher import Process
from tests.faults.marts import HandMade, key_of
from tests.faults.world import BUSY, MAY_END, World

DELIVERED = "rows delivered"

_LOST = ("status:403", "status:503", "drop_before")
"""Faults under which Metrica takes nothing."""

_ALWAYS = 20
"""More often than a run tries a request again."""


def judge(world: World, crm: HandMade, trial: Callable[[World, HandMade], None], seed: int) -> Told:
    """Run a trial, then the clean runs that follow every history, and judge the outcome."""
    trial(world, crm)
    world.observe()
    world.finish()
    query = "select coalesce(sum(elements_count), 0) from uploads where status = 'PASSED'"
    ((world.tally[DELIVERED],),) = reading.ask(world.emulator.state, query)
    wrong = tuple(invariants.after(world))
    return Told(seed, world.kind, "trial", (trial.__name__,), wrong, world.tally)


def lost_upload(world: World, crm: HandMade) -> None:
    """Upload changed contacts, but Metrica does not take the file."""
    _deliver(world, crm)
    changes.change_all(crm, "contacts")
    world.observe()
    kind = crm.dice.choice(_LOST)
    world.emulator.fault(kind, "POST /data/contacts/csv", times=_ALWAYS)
    world.run()


def refused_upload(world: World, crm: HandMade) -> None:
    """Upload changed contacts, and let Metrica answer 200 and refuse the file."""
    _deliver(world, crm)
    changes.change_all(crm, "contacts")
    world.observe()
    world.emulator.fault("failed", "POST /data/contacts/csv", times=_ALWAYS)
    world.run()


def change_under_old_timestamp(world: World, crm: HandMade) -> None:
    """Change contacts, but not their `updated_at`."""
    _deliver(world, crm)
    changed = crm.dice.sample(crm.rows["contacts"][:-1], k=2)
    stamps = [row.updated_at for row in changed]
    for row in changed:
        row.cells = crm.make.contact(str(key_of(row)))
        crm.remember(row)
    crm.write(("contacts", key_of(row)) for row in changed)
    assert stamps == [row.updated_at for row in changed]
    world.observe()
    world.run()


def two_runs(world: World, crm: HandMade) -> None:
    """Pause a run between its uploads, change the contacts, and start another run."""
    _deliver(world, crm)
    changes.change_all(crm, "contacts")
    world.observe()
    world.emulator.fault("slow:3", "POST /data/contacts/csv")

    def meanwhile(first: Process) -> None:
        _pause_between_uploads(world, first)
        try:
            changes.change_all(crm, "contacts")
            world.observe()
            world.end(world.start("--chunk-rows", "3"), (*MAY_END, BUSY))
        finally:
            first.resume()

    world.run("--chunk-rows", "1", meanwhile=meanwhile)
    # The last contents go again, so that only the order of the earlier ones is wrong.
    changes.change_all(crm, "contacts")


def orders_move_on(world: World, crm: HandMade) -> None:
    """Let orders come to several more statuses at once."""
    _deliver(world, crm)
    for row in crm.rows["orders"]:
        path = [*path_of(row), *crm.dice.choice((["IN_PROGRESS", "SPAM"], ["s2", "CANCELLED"]))]
        go_on(crm, row, path)
        row.updated_at = crm.later()
    crm.write(("orders", key) for key in crm.keys("orders"))
    world.observe()
    world.run()


def _deliver(world: World, crm: HandMade) -> None:
    for status in ("s1", "s2"):
        crm.add("order_statuses", crm.make.status(status), crm.later())
    crm.add("products", crm.make.product("p1"), crm.later())
    for number in range(crm.dice.randint(4, 8)):
        crm.add("contacts", crm.make.contact(f"c{number}"), crm.later())
    for number in range(crm.dice.randint(3, 6)):
        order = crm.make.order(f"o{number}", f"c{number % 3}", ["s1"], ["p1"])
        crm.add("orders", order, crm.later())
    crm.write((mart, key) for mart in crm.rows for key in crm.keys(mart))
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
