"""Runs that are killed at every one of their I/O steps, one step after the other.

Each scenario is prepared once, its run is counted once, and then killed at step 1, at step
2, and so on to its last, each time from the same state; a clean run follows, and a quiet one.
"""

import copy
import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from tests.faults import changes, gate, invariants
from tests.faults.edits import go_on, path_of
from tests.faults.history import Told
from tests.faults.marts import HandMade, key_of
from tests.faults.places import Place, Snapshot
from tests.faults.rows import POISON_UNITS
from tests.faults.world import World


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run to be killed.

    `prepare` makes the state that it starts from, `arrange` asks for faults of its
    requests, and `afterwards` changes the marts between the kill and the clean run.
    """

    prepare: Callable[[World, HandMade], None]
    arrange: Callable[[World], None] = lambda _: None
    afterwards: Callable[[HandMade], object] = lambda _: None


def count(place: Place, name: str, kind: str) -> list[str]:
    """Return the labels of all the steps of a scenario's run."""
    with _prepared(place, name, kind) as (world, _, _):
        SCENARIOS[name].arrange(world)
        steps = list(world.run(*_OPTIONS).steps)
        if world.violations or not steps:
            raise RuntimeError(f"{name} on {kind} goes wrong by itself: {world.violations}")
        return steps


def kill(place: Place, name: str, kind: str, steps: range) -> Iterator[Told]:
    """Kill a scenario's run at each of these steps, and judge what comes of it."""
    scenario = SCENARIOS[name]
    with _prepared(place, name, kind) as (first_world, first_crm, snapshot):
        for step in steps:
            snapshot.restore()
            world, crm = _copy_of(first_world, first_crm)
            scenario.arrange(world)
            ended = world.run(*_OPTIONS, kill_at=step)
            if not ended.was_killed:
                world.wrong("end", f"step {step} was not reached, exit code {ended.exit_code}")
            scenario.afterwards(crm)
            world.observe()
            world.finish()
            yield Told(
                step,
                kind,
                name,
                (f"{name}, killed at step {step}",),
                tuple(invariants.after(world)),
                world.tally,
            )


_OPTIONS = ("--chunk-rows", "2")


@contextmanager
def _prepared(place: Place, name: str, kind: str) -> Iterator[tuple[World, HandMade, Snapshot]]:
    with place.hand_made(kind, Random(name)) as (world, crm):  # noqa: S311 - not a secret
        SCENARIOS[name].prepare(world, crm)
        world.observe()
        world.tally.clear()
        with place.snapshot(world) as snapshot:
            yield world, crm, snapshot


def _copy_of(world: World, crm: HandMade) -> tuple[World, HandMade]:
    made = copy.deepcopy(crm)
    other = dataclasses.replace(
        world,
        secrets=made.make.secrets,
        versions=copy.deepcopy(world.versions),
        segments=list(world.segments),
        violations=list(world.violations),
        tally=Counter(),
    )
    return other, made


def _fill(crm: HandMade, contacts: int = 3, orders: int = 3) -> None:
    crm.add("order_statuses", crm.make.status("s1"), crm.later())
    crm.add("products", crm.make.product("p1"), crm.later())
    for number in range(1, contacts + 1):
        crm.add("contacts", crm.make.contact(f"c{number}"), crm.later())
    for number in range(1, orders + 1):
        order = crm.make.order(f"o{number}", f"c{min(number, contacts)}", ["s1"], ["p1"])
        crm.add("orders", order, crm.later())
    crm.write((mart, key) for mart in crm.rows for key in crm.keys(mart))


def _first_run(_: World, crm: HandMade) -> None:
    _fill(crm)


def _clean(world: World, crm: HandMade, orders: int = 3) -> None:
    _fill(crm, orders=orders)
    world.observe()
    world.run(expected=(0,))


def _incremental(world: World, crm: HandMade) -> None:
    _clean(world, crm)
    changes.renew(crm)
    changes.change_all(crm, "orders")


def _refused(world: World, crm: HandMade) -> None:
    # An even number, so that no order is alone in its file.
    _clean(world, crm, orders=4)
    changes.change_all(crm, "orders")
    crm.rows["orders"][0].cells["products"] = f"p1:{POISON_UNITS}"
    crm.write([("orders", "o1")])


def _held(world: World, crm: HandMade) -> None:
    _fill(crm)
    contacts = crm.rows["contacts"]
    good = [row.cells["phones"] for row in contacts]
    for row in contacts:
        row.cells["phones"] = "8 (999)"
    crm.write(("contacts", key_of(row)) for row in contacts)
    world.observe()
    world.run(expected=(0,))
    for row, phones in zip(contacts, good, strict=True):
        row.cells["phones"], row.updated_at = phones, crm.later()
    crm.write(("contacts", key_of(row)) for row in contacts)


def _on_their_way(world: World, crm: HandMade) -> None:
    _clean(world, crm)
    for row, way in zip(crm.rows["orders"], (["PAID"], [], []), strict=True):
        go_on(crm, row, [*path_of(row), *way, "s1", "IN_PROGRESS", "PAID"])
        row.updated_at = crm.later()
    crm.add("orders", crm.make.order("o9", "c1", ["s1", "SPAM"], []), crm.later())
    crm.write(("orders", key) for key in crm.keys("orders"))


def _begin_anew(crm: HandMade) -> None:
    """Give orders, after they were on their way, another way to another end."""
    for row in crm.rows["orders"]:
        go_on(crm, row, ["SPAM", *path_of(row)[1:-1], "CANCELLED"])
    crm.write(("orders", key) for key in crm.keys("orders"))


def _too_many_paid(world: World, crm: HandMade) -> None:
    _fill(crm, contacts=1, orders=0)
    for number in range(1, gate.FEW + 2):
        order = crm.make.order(f"o{number}", "c1", ["IN_PROGRESS"], [])
        crm.add("orders", order, crm.later())
    crm.write(("orders", key) for key in crm.keys("orders"))
    world.observe()
    world.run(expected=(0,))
    for row in crm.rows["orders"]:
        go_on(crm, row, ["IN_PROGRESS", "PAID"])
        row.updated_at = crm.later()
    crm.write(("orders", key) for key in crm.keys("orders"))


def _lose_answers(world: World) -> None:
    world.emulator.fault("drop_after", "POST /data/contacts/csv")
    world.emulator.fault("non_json", "POST /data/orders/csv")


def _other_lists(world: World, crm: HandMade) -> None:
    _clean(world, crm)
    changes.change_all(crm, "order_statuses")
    changes.change_all(crm, "products")


def _spoil_answer(world: World) -> None:
    world.emulator.fault("non_json", "POST /schema/")


SCENARIOS: dict[str, Scenario] = {
    "first run": Scenario(_first_run),
    "incremental run": Scenario(_incremental),
    "refused file": Scenario(_refused),
    "held orders": Scenario(_held),
    "lost answers": Scenario(_incremental, arrange=_lose_answers),
    "turned back afterwards": Scenario(_incremental, afterwards=changes.turn_all_back),
    "lists turned back": Scenario(_other_lists, _spoil_answer, changes.turn_all_back),
    "three steps": Scenario(_on_their_way),
    "another way afterwards": Scenario(_on_their_way, afterwards=_begin_anew),
    "stopped by the gate": Scenario(_too_many_paid),
}
"""The first run makes the ledger; the others find one."""
