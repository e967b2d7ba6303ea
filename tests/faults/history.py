"""One history: a seeded sequence of changes, runs, faults and kills, then the judgement."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from random import Random

from tests.faults import invariants, outside, reading, ways
from tests.faults.launcher import Process
from tests.faults.states import State
from tests.faults.world import BUSY, MAY_END, World

_KILL_AMONG = 260
_ALSO_FAULTS = 0.3
_SLOW_SECONDS = 0.8
"""How long one run is held up while another starts."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a history came to: its actions as text, what was wrong, and what was counted."""

    seed: int
    warehouse: str
    source: str
    actions: tuple[str, ...]
    violations: tuple[invariants.Violation, ...]
    tally: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the marts come from: `changes` by name with weights, `fill` to begin with.

    `late` adds rows under an old timestamp, seen only after the run that it is given;
    `renew` gives contacts other contents. `settle` brings the marts up to date at the
    end, and `differences` compares what is behind the marts with what Metrica holds, but
    for the ids that are rejected or held.
    """

    name: str
    fill: Callable[[], str]
    changes: dict[str, tuple[int, Callable[[], str]]]
    late: Callable[[Callable[[], None]], str]
    renew: Callable[[], str]
    settle: Callable[[], str] = lambda: ""
    differences: Callable[
        [dict[str, dict[str, State]], dict[str, list[str]], set[str]],
        Iterable[invariants.Violation],
    ] = lambda *_: ()


_RUNS = {
    "run": 6,
    "run with faults": 9,
    "run to be killed": 5,
    "run with little quota": 1,
    "two runs": 1,
    "run while rows change": 1,
    "run while rows are late": 1,
    "switch": 1,
    "another program": 1,
    "retry": 1,
    "reset": 0.7,
    "javascript goal": 1,
    "edit in Metrica": 1,
}


def plan(seed: int, changes: dict[str, int]) -> list[str]:
    """Return the names of a history's actions, which depend on nothing but the seed."""
    rng = Random(seed)  # noqa: S311 - not a secret
    weights = {name: 1.4 * weight for name, weight in changes.items()} | _RUNS
    names = rng.choices([*weights], [*weights.values()], k=rng.randint(6, 15))
    # Two changes in a row are one change; what is not run is not tried.
    return ["fill", rng.choice(["run", "run", "run with faults", "run to be killed"]), *names]


def live(
    world: World, source: Source, seed: int, rng: Random, kept: Collection[int] | None = None
) -> Told:
    """Run a history, or the actions of it whose numbers are `kept`, and judge it."""
    weights = {name: weight for name, (weight, _) in source.changes.items()}
    told = []
    for number, name in enumerate(plan(seed, weights)):
        if kept is None or number in kept:
            # An action makes the same choices when others are removed (shrink.py).
            rng.seed(f"{seed} {number}")
            told.append(f"{name}: {_act(name, world, source, rng)}")
    source.settle()
    world.observe()
    world.finish()
    wrong = invariants.after(world)
    state = world.emulator.state
    wrong += source.differences(reading.metrica(state), ways.told(state), _unsent(world))
    return Told(seed, world.kind, source.name, tuple(told), tuple(wrong), world.tally)


def _unsent(world: World) -> set[str]:
    with world.warehouse.connection() as connection:
        rows = reading.row_states(connection)
    return {str(key) for _, key, state, _ in rows if state in {"rejected", "held"}}


def _act(name: str, world: World, source: Source, rng: Random) -> str:
    if name == "fill" or name in source.changes:
        detail = source.fill() if name == "fill" else source.changes[name][1]()
        world.observe()
        return detail
    if name == "edit in Metrica":
        edited, ended = outside.edit_status(world, rng), _run(name, world, source, rng)
        return f"{edited}; {ended}; put back: exit {world.put_back()}"
    if name in _RUNS and "run" in name:
        return _run(name, world, source, rng)
    others: dict[str, Callable[[], str]] = {
        "switch": lambda: outside.turn_switch(world, rng),
        "retry": lambda: f"exit {world.retry()}",
        "reset": lambda: _reset(world, rng),
        "javascript goal": lambda: outside.add_goal(world),
        "another program": lambda: outside.foreign_upload(world, rng),
    }
    return others[name]()


def _reset(world: World, rng: Random) -> str:
    marts = rng.choice([(), ("contacts",), ("orders",), ("orders",)])
    return f"{', '.join(marts) or 'all'}: exit {world.reset(*marts)}"


def _run(name: str, world: World, source: Source, rng: Random) -> str:
    options, told = _options(rng), []
    kill_at: int | None = None
    if name == "run with faults" or (name == "run to be killed" and rng.random() < _ALSO_FAULTS):
        told.append(outside.order_faults(world, rng))
    if name == "run to be killed":
        kill_at = rng.randint(1, _KILL_AMONG)
        told.append(f"at step {kill_at}")
    if name == "run with little quota":
        told.append(outside.tighten_quota(world, rng))
    if name == "run while rows are late":
        told.append(source.late(lambda: told.append(_tell(world, options))))
        world.observe()
    elif name in {"two runs", "run while rows change"}:
        told.append(_overlap(world, source, options, second=name == "two runs"))
    else:
        told.append(_tell(world, options, kill_at=kill_at))
    outside.loosen_quota(world)
    return "; ".join(told)


def _tell(world: World, options: list[str], *, kill_at: int | None = None) -> str:
    ended = world.run(*options, kill_at=kill_at)
    return f"{' '.join(options)} exit {ended.exit_code}"


def _overlap(world: World, source: Source, options: list[str], *, second: bool) -> str:
    """Hold a run up in the middle of its contacts; change them there, and start another run."""
    told = [source.renew()]
    world.observe()
    world.emulator.fault(f"slow:{_SLOW_SECONDS}", "POST /data/contacts/csv")

    def meanwhile(first: Process) -> None:
        while first.is_alive() and any(f["kind"] == "slow" for f in world.emulator.faults()):
            pass
        if world.kind == "postgres":  # DuckDB's file lets nobody else in
            told.append(source.renew())
            world.observe()
        if second:
            other = world.end(world.start("--chunk-rows", "3"), (*MAY_END, BUSY))
            told.append(f"the other's exit {other.exit_code}")
            if other.exit_code != BUSY and first.is_alive():
                world.wrong("end", f"two runs at once, the second's exit {other.exit_code}")

    ended = world.run(*options, "--chunk-rows", "2", meanwhile=meanwhile)
    return ", ".join([*told, f"exit {ended.exit_code}"])


def _options(rng: Random) -> list[str]:
    options = []
    if rng.random() < 0.6:
        options += ["--chunk-rows", str(rng.randint(1, 10))]
    if rng.random() < 0.1:
        options += ["--chunk-bytes", str(rng.randint(1_000, 3_000))]
    if rng.random() < 0.15:
        options += ["--split-requests", str(rng.randint(0, 6))]
    if rng.random() < 0.1:
        options.append("--reconcile")
    if rng.random() < 0.12:
        marts = ["order_statuses", "products", "contacts", "orders"]
        options += ["--only", ",".join(rng.sample(marts, k=rng.randint(1, 3)))]
    if rng.random() < 0.4:
        options += ["--accept", "paid,shrink"]
    if rng.random() < 0.07:
        options += ["--late-orders", "hold"]
    return options
