"""Kills a run at each of its I/O steps, one after another.

Each scenario is prepared once, and its run's steps are counted once. The run is then killed at
step 1, 2 and so on, each time from the same snapshot. Two clean runs follow each kill, except
after a kill that left the same state as the kill before it: most steps only read.
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
from tests.faults.history import HistoryResult
from tests.faults.persisted_state import state_left_by
from tests.faults.row_edits import row_path, set_path
from tests.faults.row_generator import REFUSED_QUANTITY
from tests.faults.system import SystemUnderTest
from tests.faults.workspace import Snapshot, Workspace


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run to kill.

    `prepare` makes the state before the run, `inject_faults` schedules faults for its requests,
    and `after_kill` changes the marts between the kill and the clean runs. `seed` seeds the
    random cells; the default is the scenario's name.
    """

    prepare: Callable[[SystemUnderTest, GeneratedMarts], None]
    inject_faults: Callable[[SystemUnderTest], None] = lambda _: None
    after_kill: Callable[[GeneratedMarts], object] = lambda _: None
    seed: str | None = None


def list_io_steps(workspace: Workspace, scenario_name: str, warehouse_kind: str) -> list[str]:
    """Return the labels of all I/O steps of a scenario's run."""
    with _prepared(workspace, scenario_name, warehouse_kind) as (system, _, _):
        SCENARIOS[scenario_name].inject_faults(system)
        steps = list(system.run(*_OPTIONS).io_steps)
        if system.violations or not steps:
            raise RuntimeError(
                f"{scenario_name} on {warehouse_kind} fails without a kill: {system.violations}"
            )
        return steps


def kill_at_steps(
    workspace: Workspace, scenario_name: str, warehouse_kind: str, steps: range
) -> Iterator[HistoryResult]:
    """Kill a scenario's run at each of these steps; yield the results after the clean runs."""
    scenario = SCENARIOS[scenario_name]
    with _prepared(workspace, scenario_name, warehouse_kind) as (
        prepared_system,
        prepared_marts,
        snapshot,
    ):
        judged_state = ""
        for step in steps:
            snapshot.restore()
            system, marts = _copy_of(prepared_system, prepared_marts)
            scenario.inject_faults(system)
            result = system.run(*_OPTIONS, kill_at_step=step)
            if not result.was_killed:
                message = f"the run ended before step {step}, exit code {result.exit_code}"
                system.add_violation("exit", message)
            state = state_left_by(system)
            if state == judged_state and not system.violations:
                system.event_counts[SAME_STATE] += 1
                violations: tuple[invariants.Violation, ...] = ()
            else:
                judged_state = state
                scenario.after_kill(marts)
                system.record_marts()
                system.finish_history()
                violations = tuple(invariants.violations(system))
            yield HistoryResult(
                step,
                warehouse_kind,
                scenario_name,
                (f"{scenario_name}, killed at step {step}",),
                violations,
                system.event_counts,
            )


SAME_STATE = "kills that left the state of the kill before"

_OPTIONS = ("--chunk-rows", "2")


@contextmanager
def _prepared(
    workspace: Workspace, scenario_name: str, warehouse_kind: str
) -> Iterator[tuple[SystemUnderTest, GeneratedMarts, Snapshot]]:
    scenario = SCENARIOS[scenario_name]
    rng = Random(scenario.seed or scenario_name)  # noqa: S311 - not a secret
    with workspace.generated_system(warehouse_kind, rng) as (system, marts):
        scenario.prepare(system, marts)
        system.record_marts()
        system.event_counts.clear()
        with workspace.snapshot(system) as snapshot:
            yield system, marts, snapshot


def _copy_of(
    system: SystemUnderTest, marts: GeneratedMarts
) -> tuple[SystemUnderTest, GeneratedMarts]:
    marts_copy = copy.deepcopy(marts)
    system_copy = dataclasses.replace(
        system,
        secrets=marts_copy.generator.secrets,
        version_log=copy.deepcopy(system.version_log),
        run_intervals=list(system.run_intervals),
        violations=list(system.violations),
        event_counts=Counter(),
    )
    return system_copy, marts_copy


def _fill(marts: GeneratedMarts, contacts: int = 3, orders: int = 3) -> None:
    marts.add("order_statuses", marts.generator.status("s1"), marts.next_updated_at())
    marts.add("products", marts.generator.product("p1"), marts.next_updated_at())
    for number in range(1, contacts + 1):
        marts.add("contacts", marts.generator.contact(f"c{number}"), marts.next_updated_at())
    for number in range(1, orders + 1):
        order = marts.generator.order(f"o{number}", f"c{min(number, contacts)}", ["s1"], ["p1"])
        marts.add("orders", order, marts.next_updated_at())
    marts.write((mart, key) for mart in marts.rows for key in marts.keys(mart))


def _first_run(_: SystemUnderTest, marts: GeneratedMarts) -> None:
    _fill(marts)


def _fill_and_run(system: SystemUnderTest, marts: GeneratedMarts, orders: int = 3) -> None:
    _fill(marts, orders=orders)
    system.record_marts()
    system.run(expected=(0,))


def _incremental_run(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    _fill_and_run(system, marts)
    mart_changes.update_contacts(marts)
    mart_changes.change_every_row(marts, "orders")


def _refused_file(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    # With an even number, no order is alone in its file.
    _fill_and_run(system, marts, orders=4)
    mart_changes.change_every_row(marts, "orders")
    marts.rows["orders"][0].cells["products"] = f"p1:{REFUSED_QUANTITY}"
    marts.write([("orders", "o1")])


def _held_orders(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    _fill(marts)
    contacts = marts.rows["contacts"]
    valid_phones = [row.cells["phones"] for row in contacts]
    for row in contacts:
        row.cells["phones"] = "8 (999)"
    marts.write(("contacts", row_key(row)) for row in contacts)
    system.record_marts()
    system.run(expected=(0,))
    for row, phones in zip(contacts, valid_phones, strict=True):
        row.cells["phones"], row.updated_at = phones, marts.next_updated_at()
    marts.write(("contacts", row_key(row)) for row in contacts)


def _several_status_steps(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    _fill_and_run(system, marts)
    for row, prefix in zip(marts.rows["orders"], (["PAID"], [], []), strict=True):
        set_path(marts, row, [*row_path(row), *prefix, "s1", "IN_PROGRESS", "PAID"])
        row.updated_at = marts.next_updated_at()
    marts.add(
        "orders", marts.generator.order("o9", "c1", ["s1", "SPAM"], []), marts.next_updated_at()
    )
    marts.write(("orders", key) for key in marts.keys("orders"))


def _replace_paths(marts: GeneratedMarts) -> None:
    """Replace the path of each order; it ends in another status."""
    for row in marts.rows["orders"]:
        set_path(marts, row, ["SPAM", *row_path(row)[1:-1], "CANCELLED"])
    marts.write(("orders", key) for key in marts.keys("orders"))


def _too_many_paid_orders(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    _fill(marts, contacts=1, orders=0)
    for number in range(1, gate.MIN_ROWS + 2):
        order = marts.generator.order(f"o{number}", "c1", ["IN_PROGRESS"], [])
        marts.add("orders", order, marts.next_updated_at())
    marts.write(("orders", key) for key in marts.keys("orders"))
    system.record_marts()
    system.run(expected=(0,))
    for row in marts.rows["orders"]:
        set_path(marts, row, ["IN_PROGRESS", "PAID"])
        row.updated_at = marts.next_updated_at()
    marts.write(("orders", key) for key in marts.keys("orders"))


def _lose_answers(system: SystemUnderTest) -> None:
    system.emulator.fault("drop_after", "POST /data/contacts/csv")
    system.emulator.fault("non_json", "POST /data/orders/csv")


def _changed_statuses_and_products(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    _fill_and_run(system, marts)
    mart_changes.change_every_row(marts, "order_statuses")
    mart_changes.change_every_row(marts, "products")


def _garble_schema_answer(system: SystemUnderTest) -> None:
    system.emulator.fault("non_json", "POST /schema/")


# The explicit seeds keep the random cells, and so the kill points, of earlier campaigns.
SCENARIOS: dict[str, Scenario] = {
    "first run": Scenario(_first_run),
    "incremental run": Scenario(_incremental_run),
    "refused file": Scenario(_refused_file),
    "held orders": Scenario(_held_orders),
    "lost answers": Scenario(_incremental_run, inject_faults=_lose_answers),
    "rows reverted after kill": Scenario(
        _incremental_run,
        after_kill=mart_changes.revert_every_row,
        seed="turned back afterwards",
    ),
    "lists reverted after kill": Scenario(
        _changed_statuses_and_products,
        _garble_schema_answer,
        mart_changes.revert_every_row,
        seed="lists turned back",
    ),
    "several status steps": Scenario(_several_status_steps, seed="three steps"),
    "paths replaced after kill": Scenario(
        _several_status_steps, after_kill=_replace_paths, seed="another way afterwards"
    ),
    "stopped by the gate": Scenario(_too_many_paid_orders),
}
"""Runs to kill, by name. "first run" creates the ledger; the others use an existing one."""
