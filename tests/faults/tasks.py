"""The tasks of a worker process. Each worker has its own workspace."""

import os
from functools import cache
from multiprocessing.util import Finalize
from random import Random

from metrica_export.commands.run import PARTS

from tests.faults import history, kills, trials
from tests.faults.controls import CONTROLS
from tests.faults.dbt_system import DbtProject
from tests.faults.history import HistoryResult
from tests.faults.workspace import PostgresServer, Workspace, mart_source
from tests.support.lake_marts import ICEBERG

_CLOSE_FIRST = 10
_DBT_PERIOD, _DBT_REMAINDERS = 40, (10, 25)


def uses_dbt(seed: int) -> bool:
    """Return whether dbt builds the marts of a history: in two of 40 seeds."""
    return seed % _DBT_PERIOD in _DBT_REMAINDERS


def run_history(
    server: PostgresServer,
    seed: int,
    warehouse_kind: str,
    action_numbers: frozenset[int] | None = None,
    without_guard: str | None = None,
) -> HistoryResult:
    """Run the history of a seed, or only its actions with these numbers.

    `without_guard` names a control whose guard is removed.
    """
    rng = Random(f"history {seed}")  # noqa: S311 - not a secret
    if uses_dbt(seed) and without_guard is None and warehouse_kind != ICEBERG:
        with _dbt_project(server).system(warehouse_kind, rng) as (system, source):
            return history.run_history(system, source, seed, rng, action_numbers)
    parts = PARTS if without_guard is None else CONTROLS[without_guard].parts
    with _workspace(server).generated_system(warehouse_kind, rng, parts) as (system, marts):
        return history.run_history(system, mart_source(marts), seed, rng, action_numbers)


def run_trial(
    server: PostgresServer, control_name: str, seed: int, warehouse_kind: str, *, with_guard: bool
) -> HistoryResult:
    """Run a control's trial with its guard or without it."""
    control = CONTROLS[control_name]
    rng = Random(f"{control_name} {seed}")  # noqa: S311 - not a secret
    parts = PARTS if with_guard else control.parts
    with _workspace(server).generated_system(warehouse_kind, rng, parts) as (system, marts):
        return trials.run_trial(system, marts, control.trial, seed)


def list_io_steps(server: PostgresServer, scenario_name: str, warehouse_kind: str) -> list[str]:
    """Return the labels of the I/O steps of a scenario's run."""
    return kills.list_io_steps(_workspace(server), scenario_name, warehouse_kind)


def kill_at_steps(
    server: PostgresServer, scenario_name: str, warehouse_kind: str, steps: range
) -> list[HistoryResult]:
    """Kill a scenario's run at each of these steps."""
    return list(kills.kill_at_steps(_workspace(server), scenario_name, warehouse_kind, steps))


@cache
def _workspace(server: PostgresServer) -> Workspace:
    workspace = Workspace(server, f"faults_{os.getpid()}")
    Finalize(workspace, workspace.close, exitpriority=_CLOSE_FIRST)
    return workspace


@cache
def _dbt_project(server: PostgresServer) -> DbtProject:
    return DbtProject(_workspace(server))
