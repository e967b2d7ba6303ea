"""The campaign: histories, kills and controls, spread over the cores."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from tests.faults import tasks
from tests.faults.controls import CONTROLS, Trials
from tests.faults.history import Told
from tests.faults.kills import SCENARIOS
from tests.faults.places import Server

PARTS = ("histories", "kills", "controls")
_STEPS_IN_A_TASK = 12
_TELL_EVERY = 50
_TRIALS = 5
"""Of each control, on each warehouse, with its guard and without."""


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
    controls: dict[str, Trials] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing is broken, and every control is alive."""
        return not self.broken and not any(
            trials.dead(CONTROLS[name]) for name, trials in self.controls.items()
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

    def _run_control(self, name: str) -> None:
        """Run a control's trials, each with the guard and without it."""
        control = CONTROLS[name]
        kinds = [kind for kind in self._wanted.warehouses if kind in control.warehouses]
        first = self._wanted.seed
        futures = {
            self._submit(tasks.attempt, name, seed, kind, guarded=guarded): (
                f"control {name}, seed {seed}, {kind}, {'with' if guarded else 'without'} its guard"
            )
            for seed in range(first, first + _TRIALS)
            for kind in kinds
            for guarded in (True, False)
        }
        found = Trials()
        for told, what in self._outcomes(futures):
            if told:
                found.add(told, guarded=what.endswith("with its guard"))
        self.found.controls[name] = found
        self._say(f"control {name}: {found.dead(control) or 'alive'}")

    def _kind(self, seed: int) -> str:
        return self._wanted.warehouses[seed % len(self._wanted.warehouses)]

    def _submit(self, task: Callable[..., Any], *arguments: Any, **more: Any) -> Future[Any]:
        return self._pool.submit(task, self._server, *arguments, **more)

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
