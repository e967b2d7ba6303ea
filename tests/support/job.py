"""A warehouse with hand-made marts, an emulator, and the export between them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metrica_export.commands import plan, run
from metrica_export.commands.outcome import Outcome
from metrica_export.commands.result import RunResult
from metrica_export.console import Reporter
from metrica_export.errors import ExportError
from metrica_export.metrica.access import Api
from metrica_export.metrica.formats import MODES
from metrica_export.settings import DbtSettings, FailOn, Form, Gate, Limits, Options

from tests.support.emulator_fixture import RunningEmulator
from tests.support.marts_fixture import KEYS, MartsWarehouse

ALL = tuple(entity.name for entity in MODES["detailed"])


@dataclass(frozen=True)
class Job:
    """Runs the export in this process, as the command line does."""

    marts: MartsWarehouse
    emulator: RunningEmulator
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def dbt(self) -> DbtSettings:
        folder, filters = self.marts.folder, self.filters
        return DbtSettings(folder, folder, filters=filters, ledger=self.marts.ledger)

    def options(self, only: tuple[str, ...] = ALL, **more: Any) -> Options:
        return Options(self.dbt, self.emulator.counter, only, **more)

    def run(
        self,
        only: tuple[str, ...] = ALL,
        *,
        everything: bool = False,
        form: Form | None = None,
        gate: Gate | None = None,
        fail_on: FailOn | None = None,
        **more: Any,
    ) -> RunResult:
        """Run; an error that ended the run is in the outcome, as on the command line."""
        options = self.options(
            only,
            everything=everything,
            form=form or Form(),
            gate=gate or Gate(),
            saved_plan=more.pop("saved_plan", None),
            fail_on=fail_on or FailOn(),
            erase_vanished=more.pop("erase_vanished", None),
            limit=(limit := more.pop("limit", None)),
            limits=Limits(**more),
        )
        api = Api(self.emulator.url, self.emulator.counter, self.emulator.token)
        try:
            outcome = run.run(options, api, Reporter())
        except ExportError as error:
            outcome = error.result or RunResult()
        names = list(outcome.entities)
        filters = dict(self.filters)
        counted = (
            f"select '{name}', count(*) from metrica.{name} where ({filters.get(name, 'true')}\n)"
            for name in names
        )
        rows = dict(self.marts.sql(" union all ".join(counted))) if names else {}
        for name, counts in outcome.entities.items():
            assert counts.rows == rows[name], name
            if outcome.error is None and "max_steps" not in more and limit is None:
                assert counts.pending == 0, name
        return outcome

    def sent(self, only: tuple[str, ...] = ALL, **options: Any) -> dict[str, int]:
        """Run without an error; return how many rows of each mart went, if any did."""
        outcome = self.run(only, **options)
        assert outcome.error is None, outcome.error
        return {name: counts.sent for name, counts in outcome.entities.items() if counts.sent}

    def plan(
        self, only: tuple[str, ...] = ALL, out: Path | None = None, **options: Any
    ) -> RunResult:
        outcome = Outcome()
        plan.plan(outcome, self.options(only, **options), plan.Wanted(out))
        return outcome.result()

    def states(self, mart: str) -> dict[str, tuple[str, str | None]]:
        """Return state and reason of each row, as analysts see them."""
        rows = self.marts.sql(
            "select id, state, reason from metrica_export.mart_rows "
            f"where counter_id = {self.emulator.counter} and entity = '{mart}'"
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def held_by_metrica(self, mart: str, column: str) -> dict[str, Any]:
        """Return key → one cell of what Metrica has."""
        return dict(self.emulator.sql(f"select {KEYS[mart]}, {column} from {mart}"))

    def goals_of(self, order: str) -> set[str]:
        """Return the goals that an order has reached in Metrica."""
        rows = self.emulator.sql("select goal from goals_reached where order_id = ?", order)
        return {goal for (goal,) in rows}

    def uploads(self) -> list[tuple[str, int, str]]:
        """Return entity, rows and status of every file that Metrica was sent."""
        return self.emulator.sql(
            "select entity, elements_count, status from uploads order by number"
        )
