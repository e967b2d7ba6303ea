"""The command `plan`: a preview of a run, without a request to Metrica or a write to the ledger."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from metrica_export.checks.verdicts import verdicts
from metrica_export.commands.comparison import Comparison
from metrica_export.commands.outcome import Outcome, read_left_out
from metrica_export.console import Reporter
from metrica_export.delivery.waves import count_completed, count_uploads
from metrica_export.delta.delta import Scope
from metrica_export.errors import GateError
from metrica_export.ledger.destination import check_mode
from metrica_export.ledger.reader import Ledger
from metrica_export.review.forecast import forecast
from metrica_export.review.saved_plan import SavedPlan
from metrica_export.settings import Options
from metrica_export.warehouse.contract import check_relation
from metrica_export.warehouse.session import open_session


def plan(outcome: Outcome, options: Options, out: Path | None = None) -> list[tuple[Any, ...]]:
    """Fill in the outcome that a run would have; return mart, state, column, reason, rows.

    `out` is the file to save the plan in.
    """
    outcome.stamp.counter, outcome.stamp.mode = options.counter_id, options.form.mode
    with open_session(options.dbt, staging=options.staging, read_only=True) as session:
        wh, outcome.stamp.target = session.wh, session.profile.target
        (now,) = wh.row(f"select epoch_us({wh.now})")
        outcome.stamp.start(now)
        outcome.left_out = read_left_out(session, options, Reporter())
        ledger = Ledger(wh, options.counter_id)
        check_mode(wh, ledger, options.form.mode)
        comparison = Comparison(session, ledger, options)
        for mart in map(session.marts.get, options.names):
            check_relation(wh, mart)
            staged = comparison.stage(mart, Scope())
            comparison.review(staged, outcome)
        comparison.limit(outcome)
        for name, staged in comparison.staged.items():
            outcome.entities[name] = replace(
                outcome.entities[name],
                sent=count_completed(wh, staged),
                uploads=count_uploads(wh, staged, comparison.chunks[name]),
            )
        outcome.forecast = forecast(session, ledger, comparison.staged.values())
        outcome.exceeded = comparison.find_exceeded()
        if out is not None:
            SavedPlan.of(wh, options, comparison.reviewed).write(out)
        outcome.complete(comparison.count_new(outcome), options.fail_on)
        if outcome.exceeded.keys() - options.gate.accepted:
            outcome.exit_code = GateError.exit_code
        outcome.stamp.stop()
        return [
            (entity, *row)
            for entity, staged in comparison.staged.items()
            for row in wh.rows(
                f"select _state, _column, _reason, count(*) from ({verdicts(staged)}) "
                "group by all order by 1, 4 desc, 2, 3"
            )
        ]
