"""The campaign: runs histories, kills and controls in parallel worker processes."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from tests.faults import tasks
from tests.faults.controls import CONTROLS, ControlResult
from tests.faults.history import HistoryResult
from tests.faults.kills import SCENARIOS
from tests.faults.workspace import PostgresServer

PARTS = ("histories", "kills", "controls")
_STEPS_PER_TASK = 12
_PROGRESS_INTERVAL = 50
_TRIALS_PER_CONTROL = 5
"""On each warehouse, with the guard and without it."""


@dataclass(frozen=True, slots=True)
class CampaignOptions:
    """The options of a campaign.

    `scenarios` and `step` select kills to repeat; `every` 10 kills at every tenth step only.
    """

    histories: int
    seed: int
    jobs: int
    warehouse_kinds: tuple[str, ...]
    parts: tuple[str, ...] = PARTS
    scenarios: tuple[str, ...] = tuple(SCENARIOS)
    step: int | None = None
    every: int = 1


@dataclass(slots=True)
class CampaignResult:
    """The counts and failures of a campaign.

    `histories` and `kill_points` are by source or scenario, and by warehouse. `failures` holds
    the arguments that repeat each history or kill that broke an invariant.
    """

    histories: Counter[tuple[str, str]] = field(default_factory=Counter)
    kill_points: Counter[tuple[str, str]] = field(default_factory=Counter)
    io_step_kinds: Counter[str] = field(default_factory=Counter)
    event_counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    controls: dict[str, ControlResult] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether no invariant broke and every control passed."""
        return not self.failures and not any(
            result.failure(CONTROLS[name]) for name, result in self.controls.items()
        )


class Campaign:
    """Runs the selected parts and reports the progress."""

    def __init__(
        self, server: PostgresServer, options: CampaignOptions, report: Callable[[str], None]
    ) -> None:
        self._server, self._options, self._report = server, options, report
        self._started = time.monotonic()
        self.result = CampaignResult()

    def run(self) -> CampaignResult:
        """Run all selected parts; return the result."""
        # Spawn instead of fork, because this process has the server's threads and pipes.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self._options.jobs, context) as self._pool:
            try:
                self._run_parts()
            finally:
                self._pool.shutdown(cancel_futures=True)
        return self.result

    def _run_parts(self) -> None:
        if "histories" in self._options.parts:
            self._run_histories()
        if "kills" in self._options.parts:
            self._run_kills()
        if "controls" in self._options.parts:
            for control_name in CONTROLS:
                self._run_control(control_name)

    def _run_histories(self) -> None:
        first = self._options.seed
        seeds = range(first, first + self._options.histories)
        futures = {
            self._submit(tasks.run_history, seed, kind): f"--parts histories --seed {seed} "
            f"--histories 1 --warehouse {kind}"
            # Histories with dbt start first, because they take longest.
            for seed in sorted(seeds, key=tasks.uses_dbt, reverse=True)
            for kind in [self._warehouse_kind(seed)]
        }
        for done, (result, arguments) in enumerate(self._results(futures), 1):
            if result:
                self.result.histories[result.source, result.warehouse_kind] += 1
                self._add(result, arguments)
            if done % _PROGRESS_INTERVAL == 0 or done == len(futures):
                self._report_progress(
                    f"{done} of {len(futures)} histories, {len(self.result.failures)} broken"
                )

    def _run_kills(self) -> None:
        step_lists = {
            self._submit(tasks.list_io_steps, scenario, kind): (scenario, kind)
            for scenario in self._options.scenarios
            for kind in self._options.warehouse_kinds
        }
        kills = {}
        for future in as_completed(step_lists):
            scenario, kind = step_lists[future]
            labels = future.result()
            self.result.io_step_kinds.update(label.partition(":")[0] for label in labels)
            every = self._options.every
            steps = range(1 + self._options.seed % every, len(labels) + 1, every)
            if self._options.step is not None:
                steps = range(self._options.step, self._options.step + 1)
            for start in range(0, len(steps), _STEPS_PER_TASK):
                task_steps = steps[start : start + _STEPS_PER_TASK]
                kills[self._submit(tasks.kill_at_steps, scenario, kind, task_steps)] = (
                    f"--parts kills --scenario {scenario!r} --warehouse {kind}"
                )
        kill_points, reported = self.result.kill_points, 0
        for results, arguments in self._results(kills):
            for result in results or ():
                kill_points[result.source, result.warehouse_kind] += 1
                self._add(result, f"{arguments} --step {result.seed}")
            if kill_points.total() >= reported + 10 * _PROGRESS_INTERVAL:
                reported = kill_points.total()
                self._report_progress(f"{reported} kills, {len(self.result.failures)} broken")
        self._report_progress(f"{kill_points.total()} kills, {len(self.result.failures)} broken")

    def _run_control(self, control_name: str) -> None:
        """Run a control's trials, each with the guard and without it."""
        control = CONTROLS[control_name]
        kinds = [kind for kind in self._options.warehouse_kinds if kind in control.warehouse_kinds]
        first = self._options.seed
        futures = {
            self._submit(tasks.run_trial, control_name, seed, kind, with_guard=with_guard): (
                f"control {control_name}, seed {seed}, {kind}, "
                f"{'with' if with_guard else 'without'} its guard"
            )
            for seed in range(first, first + _TRIALS_PER_CONTROL)
            for kind in kinds
            for with_guard in (True, False)
        }
        control_result = ControlResult()
        for result, description in self._results(futures):
            if result:
                control_result.add(result, with_guard=description.endswith("with its guard"))
        self.result.controls[control_name] = control_result
        self._report_progress(
            f"control {control_name}: {control_result.failure(control) or 'passed'}"
        )

    def _warehouse_kind(self, seed: int) -> str:
        return self._options.warehouse_kinds[seed % len(self._options.warehouse_kinds)]

    def _submit(self, task: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        return self._pool.submit(task, self._server, *args, **kwargs)

    def _results(self, futures: dict[Future[Any], str]) -> Iterator[tuple[Any, str]]:
        """Yield each task's result, None if it raised an exception."""
        for future in as_completed(futures):
            error = future.exception()
            if error is None:
                yield future.result(), futures[future]
                continue
            self._add_failure(futures[future], [f"[exit] {type(error).__name__}: {error}"])
            yield None, futures[future]

    def _add(self, result: HistoryResult, arguments: str) -> None:
        self.result.event_counts.update(result.event_counts)
        if result.violations:
            lines = [f"[{invariant}] {message}" for invariant, message in result.violations]
            self._add_failure(arguments, [*result.actions, *lines])

    def _add_failure(self, arguments: str, lines: list[str]) -> None:
        self.result.failures.append(arguments)
        self._report(
            "\n".join([f"BROKEN: python -m tests.faults {arguments}", *map("    {}".format, lines)])
        )

    def _report_progress(self, text: str) -> None:
        self._report(f"{time.monotonic() - self._started:6.0f} s  {text}")
