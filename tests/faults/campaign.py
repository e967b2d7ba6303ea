"""The campaign: histories, kills and controls, spread over the cores."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from tests.faults import changes, history, tasks
from tests.faults.controls import CONTROLS
from tests.faults.history import Told
from tests.faults.kills import SCENARIOS
from tests.faults.places import Server

PARTS = ("histories", "kills", "controls")
_STEPS_IN_A_TASK = 12
_TELL_EVERY = 50
_CONTROL_HISTORIES = 40
_ONLY_POSTGRES = {"no_lock"}
"""A DuckDB file is locked by the operating system, which no control can switch off."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run. `scenarios` and `step` narrow the kills down, to repeat one of them."""

    histories: int
    seed: int
    jobs: int
    warehouses: tuple[str, ...]
    parts: tuple[str, ...] = PARTS
    scenarios: tuple[str, ...] = tuple(SCENARIOS)
    step: int | None = None


@dataclass(slots=True)
class Found:
    """What the campaign has come to."""

    histories: Counter[tuple[str, str]] = field(default_factory=Counter)
    kill_points: Counter[tuple[str, str]] = field(default_factory=Counter)
    step_kinds: Counter[str] = field(default_factory=Counter)
    tally: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    controls: dict[str, dict[str, int]] = field(default_factory=dict)
    control_histories: Counter[str] = field(default_factory=Counter)

    @property
    def passed(self) -> bool:
        """Whether nothing is broken, and everything is with a guard switched off."""
        return not self.broken and all(
            CONTROLS[name].breaks in broken for name, broken in self.controls.items()
        )


class Campaign:
    """Runs what is wanted; tells about it as it goes."""

    def __init__(self, server: Server, wanted: Wanted, tell: Callable[[str], None]) -> None:
        self._server, self._wanted, self._tell = server, wanted, tell
        self._began = time.monotonic()
        self.found = Found()

    def run(self) -> Found:
        """Run everything; returns what was found."""
        # Started anew and not forked, since this process has the server's threads and pipes.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self._wanted.jobs, context) as self._pool:
            try:
                self._run_parts()
            finally:
                self._pool.shutdown(cancel_futures=True)
        return self.found

    def _run_parts(self) -> None:
        if "histories" in self._wanted.parts:
            self._run_histories()
        if "kills" in self._wanted.parts:
            self._run_kills()
        if "controls" in self._wanted.parts:
            for control in CONTROLS:
                self._run_control(control)

    def _run_histories(self) -> None:
        first = self._wanted.seed
        # Those through dbt take longest, so they begin.
        seeds = sorted(range(first, first + self._wanted.histories), key=tasks.source_name)
        futures = {
            self._submit(tasks.live, seed, kind): f"--parts histories --seed {seed} "
            f"--histories 1 --warehouse {kind}"
            for seed in seeds
            for kind in [self._kind(seed)]
        }
        for done, (told, repeat) in enumerate(self._outcomes(futures), 1):
            if told:
                self.found.histories[told.source, told.warehouse] += 1
                self._take(told, repeat)
            if done % _TELL_EVERY == 0 or done == len(futures):
                self._say(f"{done} of {len(futures)} histories, {len(self.found.broken)} broken")

    def _run_kills(self) -> None:
        counts = {
            self._submit(tasks.count, name, kind): (name, kind)
            for name in self._wanted.scenarios
            for kind in self._wanted.warehouses
        }
        kills = {}
        for future in as_completed(counts):
            name, kind = counts[future]
            labels = future.result()
            self.found.step_kinds.update(label.partition(":")[0] for label in labels)
            steps = range(1, len(labels) + 1)
            if self._wanted.step is not None:
                steps = range(self._wanted.step, self._wanted.step + 1)
            for start in range(steps.start, steps.stop, _STEPS_IN_A_TASK):
                part = range(start, min(start + _STEPS_IN_A_TASK, steps.stop))
                kills[self._submit(tasks.kill, name, kind, part)] = (
                    f"--parts kills --scenario {name!r} --warehouse {kind}"
                )
        told_of = 0
        for many, repeat in self._outcomes(kills):
            for told in many or ():
                self.found.kill_points[told.source, told.warehouse] += 1
                self._take(told, f"{repeat} --step {told.seed}")
            if self.found.kill_points.total() >= told_of + 10 * _TELL_EVERY:
                told_of = self.found.kill_points.total()
                self._say(f"{told_of} kills, {len(self.found.broken)} broken")
        self._say(f"{self.found.kill_points.total()} kills, {len(self.found.broken)} broken")

    def _run_control(self, control: str) -> None:
        """Run histories without one guard until what must break has broken, or all have run."""
        kinds = ("postgres",) if control in _ONLY_POSTGRES else self._wanted.warehouses
        broken: Counter[str] = Counter()
        for batch in _batches(self._control_seeds(control), self._wanted.jobs):
            futures = {
                self._submit(tasks.live, seed, kinds[seed % len(kinds)], control): str(seed)
                for seed in batch
            }
            for future in as_completed(futures):
                self.found.control_histories[control] += 1
                if future.exception() is None:
                    broken.update({invariant for invariant, _ in future.result().violations})
            if CONTROLS[control].breaks in broken:
                break
        self.found.controls[control] = dict(broken)
        self._say(f"control {control}: {_listed(broken) or 'nothing'} broken")

    def _control_seeds(self, control: str) -> list[int]:
        weights = {name: weight for name, (weight, _) in changes.CHANGES.items()}
        found = []
        for seed in range(self._wanted.seed, self._wanted.seed + 10_000):
            if tasks.source_name(seed) == "marts" and (
                control != "no_lock" or "two runs" in history.plan(seed, weights)
            ):
                found.append(seed)
            if len(found) == _CONTROL_HISTORIES:
                break
        return found

    def _kind(self, seed: int) -> str:
        return self._wanted.warehouses[seed % len(self._wanted.warehouses)]

    def _submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        return self._pool.submit(task, self._server, *arguments)

    def _outcomes(self, futures: dict[Future[Any], str]) -> Iterator[tuple[Any, str]]:
        """Yield what came back, None for what did not."""
        for future in as_completed(futures):
            error = future.exception()
            if error is None:
                yield future.result(), futures[future]
                continue
            self._break(futures[future], [f"[end] {type(error).__name__}: {error}"])
            yield None, futures[future]

    def _take(self, told: Told, repeat: str) -> None:
        self.found.tally.update(told.tally)
        if told.violations:
            lines = [f"[{invariant}] {message}" for invariant, message in told.violations]
            self._break(repeat, [*told.actions, *lines])

    def _break(self, repeat: str, lines: list[str]) -> None:
        self.found.broken.append(repeat)
        self._tell(
            "\n".join([f"BROKEN: python -m tests.faults {repeat}", *map("    {}".format, lines)])
        )

    def _say(self, text: str) -> None:
        self._tell(f"{time.monotonic() - self._began:6.0f} s  {text}")


def _batches(seeds: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(seeds), size):
        yield seeds[start : start + size]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} in {n}" for name, n in counts.most_common())
