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

from tests.faults import gate, invariants, mart_changes
from tests.faults.generated_marts import GeneratedMarts, row_key
from tests.faults.history import Told
from tests.faults.places import Place, Snapshot
from tests.faults.row_edits import row_path, set_path
from tests.faults.row_generator import REFUSED_QUANTITY
from tests.faults.world import World


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run to be killed.

    `prepare` makes the state that it starts from, `arrange` asks for faults of its
    requests, and `afterwards` changes the marts between the kill and the clean run.
    """

    prepare: Callable[[World, GeneratedMarts], None]
    arrange: Callable[[World], None] = lambda _: None
    afterwards: Callable[[GeneratedMarts], object] = lambda _: None


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
            world, marts = _copy_of(first_world, first_crm)
            scenario.arrange(world)
            ended = world.run(*_OPTIONS, kill_at=step)
            if not ended.was_killed:
                world.wrong("end", f"step {step} was not reached, exit code {ended.exit_code}")
            scenario.afterwards(marts)
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
def _prepared(
    place: Place, name: str, kind: str
) -> Iterator[tuple[World, GeneratedMarts, Snapshot]]:
    with place.hand_made(kind, Random(name)) as (world, marts):  # noqa: S311 - not a secret
        SCENARIOS[name].prepare(world, marts)
        world.observe()
        world.tally.clear()
        with place.snapshot(world) as snapshot:
            yield world, marts, snapshot


def _copy_of(world: World, marts: GeneratedMarts) -> tuple[World, GeneratedMarts]:
    made = copy.deepcopy(marts)
    other = dataclasses.replace(
        world,
        secrets=made.generator.secrets,
        versions=copy.deepcopy(world.versions),
        segments=list(world.segments),
        violations=list(world.violations),
        tally=Counter(),
    )
    return other, made


def _fill(marts: GeneratedMarts, contacts: int = 3, orders: int = 3) -> None:
    marts.add("order_statuses", marts.generator.status("s1"), marts.next_updated_at())
    marts.add("products", marts.generator.product("p1"), marts.next_updated_at())
    for number in range(1, contacts + 1):
        marts.add("contacts", marts.generator.contact(f"c{number}"), marts.next_updated_at())
    for number in range(1, orders + 1):
        order = marts.generator.order(f"o{number}", f"c{min(number, contacts)}", ["s1"], ["p1"])
        marts.add("orders", order, marts.next_updated_at())
    marts.write((mart, key) for mart in marts.rows for key in marts.keys(mart))


def _first_run(_: World, marts: GeneratedMarts) -> None:
    _fill(marts)


def _clean(world: World, marts: GeneratedMarts, orders: int = 3) -> None:
    _fill(marts, orders=orders)
    world.observe()
    world.run(expected=(0,))


def _incremental(world: World, marts: GeneratedMarts) -> None:
    _clean(world, marts)
    mart_changes.update_contacts(marts)
    mart_changes.change_every_row(marts, "orders")


def _refused(world: World, marts: GeneratedMarts) -> None:
    # An even number, so that no order is alone in its file.
    _clean(world, marts, orders=4)
    mart_changes.change_every_row(marts, "orders")
    marts.rows["orders"][0].cells["products"] = f"p1:{REFUSED_QUANTITY}"
    marts.write([("orders", "o1")])


def _held(world: World, marts: GeneratedMarts) -> None:
    _fill(marts)
    contacts = marts.rows["contacts"]
    good = [row.cells["phones"] for row in contacts]
    for row in contacts:
        row.cells["phones"] = "8 (999)"
    marts.write(("contacts", row_key(row)) for row in contacts)
    world.observe()
    world.run(expected=(0,))
    for row, phones in zip(contacts, good, strict=True):
        row.cells["phones"], row.updated_at = phones, marts.next_updated_at()
    marts.write(("contacts", row_key(row)) for row in contacts)


def _on_their_way(world: World, marts: GeneratedMarts) -> None:
    _clean(world, marts)
    for row, way in zip(marts.rows["orders"], (["PAID"], [], []), strict=True):
        set_path(marts, row, [*row_path(row), *way, "s1", "IN_PROGRESS", "PAID"])
        row.updated_at = marts.next_updated_at()
    marts.add(
        "orders", marts.generator.order("o9", "c1", ["s1", "SPAM"], []), marts.next_updated_at()
    )
    marts.write(("orders", key) for key in marts.keys("orders"))


def _begin_anew(marts: GeneratedMarts) -> None:
    """Give orders, after they were on their way, another way to another end."""
    for row in marts.rows["orders"]:
        set_path(marts, row, ["SPAM", *row_path(row)[1:-1], "CANCELLED"])
    marts.write(("orders", key) for key in marts.keys("orders"))


def _too_many_paid(world: World, marts: GeneratedMarts) -> None:
    _fill(marts, contacts=1, orders=0)
    for number in range(1, gate.FEW + 2):
        order = marts.generator.order(f"o{number}", "c1", ["IN_PROGRESS"], [])
        marts.add("orders", order, marts.next_updated_at())
    marts.write(("orders", key) for key in marts.keys("orders"))
    world.observe()
    world.run(expected=(0,))
    for row in marts.rows["orders"]:
        set_path(marts, row, ["IN_PROGRESS", "PAID"])
        row.updated_at = marts.next_updated_at()
    marts.write(("orders", key) for key in marts.keys("orders"))


def _lose_answers(world: World) -> None:
    world.emulator.fault("drop_after", "POST /data/contacts/csv")
    world.emulator.fault("non_json", "POST /data/orders/csv")


def _other_lists(world: World, marts: GeneratedMarts) -> None:
    _clean(world, marts)
    mart_changes.change_every_row(marts, "order_statuses")
    mart_changes.change_every_row(marts, "products")


def _spoil_answer(world: World) -> None:
    world.emulator.fault("non_json", "POST /schema/")


SCENARIOS: dict[str, Scenario] = {
    "first run": Scenario(_first_run),
    "incremental run": Scenario(_incremental),
    "refused file": Scenario(_refused),
    "held orders": Scenario(_held),
    "lost answers": Scenario(_incremental, arrange=_lose_answers),
    "turned back afterwards": Scenario(_incremental, afterwards=mart_changes.revert_every_row),
    "lists turned back": Scenario(_other_lists, _spoil_answer, mart_changes.revert_every_row),
    "three steps": Scenario(_on_their_way),
    "another way afterwards": Scenario(_on_their_way, afterwards=_begin_anew),
    "stopped by the gate": Scenario(_too_many_paid),
}
"""The first run makes the ledger; the others find one."""
