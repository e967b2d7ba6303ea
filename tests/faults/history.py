"""Runs one history: a seeded sequence of changes, runs, faults and kills, and its verdict."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from random import Random

from tests.faults import external_events, invariants, order_paths, readers
from tests.faults.exit_codes import BUSY, RUN_EXIT_CODES
from tests.faults.launcher import ExporterProcess
from tests.faults.states import State
from tests.faults.system import SystemUnderTest

_LAST_KILL_STEP = 260
_FAULTS_BEFORE_KILL_PROBABILITY = 0.3
_SLOW_SECONDS = 0.8
"""The delay of one upload, during which another run starts."""


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """The result of a history: descriptions of its actions, violations, and event counts."""

    seed: int
    warehouse_kind: str
    source: str
    actions: tuple[str, ...]
    violations: tuple[invariants.Violation, ...]
    event_counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class MartSource:
    """The source of the marts' rows, and the functions that a history changes it by.

    - `fill` adds the first rows, and `changes` holds further changes by name, with weights.
    - `commit_late` executes the given run and commits rows with an old timestamp after it.
    - `update_contacts` changes contacts, so that the next run uploads some.
    - `build_marts` brings the marts up to date at the end of the history.
    - `differences` compares the tables behind the marts with Metrica's objects, and skips ids
      that are rejected or held.
    """

    name: str
    fill: Callable[[], str]
    changes: dict[str, tuple[int, Callable[[], str]]]
    commit_late: Callable[[Callable[[], None]], str]
    update_contacts: Callable[[], str]
    build_marts: Callable[[], str] = lambda: ""
    differences: Callable[
        [dict[str, dict[str, State]], dict[str, list[str]], set[str]],
        Iterable[invariants.Violation],
    ] = lambda *_: ()


_ACTION_WEIGHTS = {
    "run": 6,
    "run with faults": 9,
    "killed run": 5,
    "run with low quota": 1,
    "concurrent runs": 1,
    "run with concurrent changes": 1,
    "run before a late commit": 1,
    "emulator switch": 1,
    "upload of another program": 1,
    "retry": 1,
    "reset": 0.7,
    "javascript goal": 1,
    "status edit in Metrica": 1,
}
"""The actions other than changes of the source, with their weights in the random choice."""


def draw_actions(seed: int, change_weights: dict[str, int]) -> list[str]:
    """Return the names of a history's actions. They depend on the seed only."""
    rng = Random(seed)  # noqa: S311 - not a secret
    weights = {name: 1.4 * weight for name, weight in change_weights.items()} | _ACTION_WEIGHTS
    names = rng.choices([*weights], [*weights.values()], k=rng.randint(6, 15))
    # A run follows the first rows, because consecutive changes amount to one change.
    return ["fill", rng.choice(["run", "run", "run with faults", "killed run"]), *names]


def run_history(
    system: SystemUnderTest,
    source: MartSource,
    seed: int,
    rng: Random,
    action_numbers: Collection[int] | None = None,
) -> HistoryResult:
    """Run a history, or only its actions with these numbers; check the invariants."""
    weights = {name: weight for name, (weight, _) in source.changes.items()}
    actions = []
    for number, name in enumerate(draw_actions(seed, weights)):
        if action_numbers is None or number in action_numbers:
            # An action makes the same choices when `shrink` removes other actions.
            rng.seed(f"{seed} {number}")
            actions.append(f"{name}: {_run_action(name, system, source, rng)}")
    source.build_marts()
    system.record_marts()
    system.finish_history()
    violations = invariants.violations(system)
    state = system.emulator.state
    violations += source.differences(
        readers.read_metrica(state), order_paths.delivered_statuses(state), _undelivered(system)
    )
    return HistoryResult(
        *(seed, system.warehouse_kind, source.name, tuple(actions), tuple(violations)),
        system.event_counts,
    )


def _undelivered(system: SystemUnderTest) -> set[str]:
    with system.warehouse.ledger_connection() as connection:
        rows = readers.read_row_states(connection)
    return {str(key) for _, key, state, _ in rows if state in {"rejected", "held"}}


def _run_action(name: str, system: SystemUnderTest, source: MartSource, rng: Random) -> str:
    if name == "fill" or name in source.changes:
        description = source.fill() if name == "fill" else source.changes[name][1]()
        system.record_marts()
        return description
    if name == "status edit in Metrica":
        edited = external_events.edit_order_status(system, rng)
        ended = _run_exporter(name, system, source, rng)
        return f"{edited}; {ended}; schema apply: exit {system.apply_schema()}"
    others: dict[str, Callable[[], str]] = {
        "emulator switch": lambda: external_events.set_switch(system, rng),
        "retry": lambda: f"exit {system.retry()}",
        "reset": lambda: _reset(system, rng),
        "javascript goal": lambda: external_events.add_javascript_goal(system),
        "upload of another program": lambda: external_events.upload_from_other_program(system, rng),
    }
    if name in others:
        return others[name]()
    return _run_exporter(name, system, source, rng)


def _reset(system: SystemUnderTest, rng: Random) -> str:
    marts = rng.choice([(), ("contacts",), ("orders",), ("orders",)])
    return f"{', '.join(marts) or 'all'}: exit {system.reset(*marts)}"


def _run_exporter(name: str, system: SystemUnderTest, source: MartSource, rng: Random) -> str:
    options, descriptions = _random_options(rng), []
    kill_at_step: int | None = None
    if name == "run with faults" or (
        name == "killed run" and rng.random() < _FAULTS_BEFORE_KILL_PROBABILITY
    ):
        descriptions.append(external_events.inject_faults(system, rng))
    if name == "killed run":
        kill_at_step = rng.randint(1, _LAST_KILL_STEP)
        descriptions.append(f"at step {kill_at_step}")
    if name == "run with low quota":
        descriptions.append(external_events.limit_quota(system, rng))
    if name == "run before a late commit":
        late = source.commit_late(lambda: descriptions.append(_run_once(system, options)))
        descriptions.append(late)
        system.record_marts()
    elif name in {"concurrent runs", "run with concurrent changes"}:
        starts_second_run = name == "concurrent runs"
        descriptions.append(
            _run_with_concurrent_changes(
                system, source, options, starts_second_run=starts_second_run
            )
        )
    else:
        descriptions.append(_run_once(system, options, kill_at_step=kill_at_step))
    external_events.restore_quota(system)
    return "; ".join(descriptions)


def _run_once(
    system: SystemUnderTest, options: list[str], *, kill_at_step: int | None = None
) -> str:
    result = system.run(*options, kill_at_step=kill_at_step)
    return f"{' '.join(options)} exit {result.exit_code}"


def _run_with_concurrent_changes(
    system: SystemUnderTest, source: MartSource, options: list[str], *, starts_second_run: bool
) -> str:
    """Delay the first upload of contacts; meanwhile change contacts or start a second run."""
    descriptions = [source.update_contacts()]
    system.record_marts()
    system.emulator.fault(f"slow:{_SLOW_SECONDS}", "POST /data/contacts/csv")

    def during_run(first: ExporterProcess) -> None:
        while first.is_alive() and any(f["kind"] == "slow" for f in system.emulator.faults()):
            pass
        if system.warehouse_kind != "duckdb":  # The run has the DuckDB file locked.
            descriptions.append(source.update_contacts())
            system.record_marts()
        if starts_second_run:
            second = system.finish_run(
                system.start_run("--chunk-rows", "3"), (*RUN_EXIT_CODES, BUSY)
            )
            descriptions.append(f"second run: exit {second.exit_code}")
            if second.exit_code != BUSY and first.is_alive():
                message = f"a second run did not find the lock, exit code {second.exit_code}"
                system.add_violation("exit", message)

    result = system.run(*options, "--chunk-rows", "2", during_run=during_run)
    return ", ".join([*descriptions, f"exit {result.exit_code}"])


def _random_options(rng: Random) -> list[str]:
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
