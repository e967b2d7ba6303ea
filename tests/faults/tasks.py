"""What one worker of the campaign does; each worker has an emulator and a folder of its own."""

import os
from functools import cache
from multiprocessing.util import Finalize
from random import Random

from metrica_export.commands.run import PARTS

from tests.faults import history, kills, trials
from tests.faults.controls import CONTROLS
from tests.faults.dbt_system import DbtProject
from tests.faults.history import Told
from tests.faults.places import Place, Server, source_of

_CLOSE_FIRST = 10
_DBT_EVERY, _DBT_AT = 40, (10, 25)


def source_name(seed: int) -> str:
    """Return where a history's marts come from: one in twenty goes through dbt."""
    return "dbt" if seed % _DBT_EVERY in _DBT_AT else "marts"


def live(
    server: Server,
    seed: int,
    kind: str,
    kept: frozenset[int] | None = None,
    without: str | None = None,
) -> Told:
    """Run the history of a seed on `duckdb` or `postgres`, or its `kept` actions only.

    `without` names a control, whose guard is left out.
    """
    rng = Random(f"history {seed}")  # noqa: S311 - not a secret
    if source_name(seed) == "dbt" and without is None:
        with _project(server).world(kind, rng) as (world, source):
            return history.live(world, source, seed, rng, kept)
    parts = PARTS if without is None else CONTROLS[without].parts
    with _place(server).hand_made(kind, rng, parts) as (world, marts):
        return history.live(world, source_of(marts), seed, rng, kept)


def attempt(server: Server, name: str, seed: int, kind: str, *, guarded: bool) -> Told:
    """Run a control's trial, with its guard or without."""
    control = CONTROLS[name]
    rng = Random(f"{name} {seed}")  # noqa: S311 - not a secret
    parts = PARTS if guarded else control.parts
    with _place(server).hand_made(kind, rng, parts) as (world, marts):
        return trials.judge(world, marts, control.trial, seed)


def count(server: Server, name: str, kind: str) -> list[str]:
    """Return the steps of a scenario's run."""
    return kills.count(_place(server), name, kind)


def kill(server: Server, name: str, kind: str, steps: range) -> list[Told]:
    """Kill a scenario's run at each of these steps."""
    return list(kills.kill(_place(server), name, kind, steps))


@cache
def _place(server: Server) -> Place:
    place = Place(server, f"faults_{os.getpid()}")
    Finalize(place, place.close, exitpriority=_CLOSE_FIRST)
    return place


@cache
def _project(server: Server) -> DbtProject:
    return DbtProject(_place(server))
