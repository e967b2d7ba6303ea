"""The commands themselves, between the command line and the flow."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter import gate
from exporter.access import Api
from exporter.changes import find_changes
from exporter.config import Options
from exporter.destination import check_destination, check_mode
from exporter.errors import ExportError, GateError, WarehouseError
from exporter.handover import Run
from exporter.journal import Journal
from exporter.judge import Judge
from exporter.ledger import Ledger
from exporter.ledger_schema import open_ledger
from exporter.lock import run_lock
from exporter.manifest import Marts
from exporter.marts import ORDER_STATUSES, ORDERS
from exporter.metrica import Metrica
from exporter.profiles import Warehouse
from exporter.relation import check_relation
from exporter.report import Outcome, Reporter
from exporter.saved import SavedPlan
from exporter.session import open_session
from exporter.statuses import describe, find_drift
from exporter.sync import Sync, check_time_zone
from exporter.warehouse import Attached


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a run that keep its promises.

    Every command uses `PARTS`. The fault campaign passes others, one of them without its
    guard, to prove that it finds the damage.
    """

    lock: Callable[[Warehouse, int], AbstractContextManager[Callable[[], None]]] = run_lock
    ledger: Callable[[Attached, int, Marts], Ledger] = open_ledger
    journal: Callable[[Attached, int], Journal] = Journal
    metrica: Callable[[Api, int], Metrica] = Metrica
    judge: type[Judge] = Judge


PARTS = Parts()


def run(outcome: Outcome, options: Options, api: Api, parts: Parts = PARTS) -> None:
    """Send what Metrica does not have yet; `outcome` is filled in as far as the run gets.

    Raises ExportError. What was sent before an error is in the ledger.
    """
    with (
        open_session(options.dbt, staging=options.staging) as session,
        parts.lock(session.profile, api.counter_id) as check_lock,
    ):
        wh = session.wh
        marts = [session.marts.get(name) for name in options.names]
        for mart in marts:
            check_relation(wh, mart)
        saved = options.saved_plan and SavedPlan.read(options.saved_plan)
        found = Ledger(wh, api.counter_id)
        check_destination(wh, found, is_local=api.is_local)
        check_mode(wh, found, options.form.mode)
        ledger = parts.ledger(wh, api.counter_id, session.marts)
        journal = parts.journal(wh, api.counter_id)
        journal.start_run()
        budget = options.limits.daily_requests - journal.requests_today()
        metrica = parts.metrica(api, budget)
        report = Reporter()
        report.tell_retries()
        run = Run(journal, budget, session.staging, api.is_local, check_lock)
        judge = parts.judge(wh, ledger, session.marts, options, marked=True)
        sync = Sync(judge, metrica, report, run)
        error: ExportError | None = None
        try:
            check_time_zone(metrica, marts, wh)
            sync.resolve()
            deltas = {}
            for mart in marts:
                deltas[mart.name], outcome.changes[mart.name] = sync.look(
                    mart, everything=options.everything
                )
            if saved:
                saved.check(SavedPlan.of(judge, options, deltas, outcome.changes))
            outcome.exceeded = gate.exceeded(judge, options.gate, deltas, outcome.changes)
            if {ORDER_STATUSES.name, ORDERS.name} & deltas.keys() and (
                drift := find_drift(wh, ledger, session.marts, metrica)
            ):
                outcome.exceeded["drift"] = describe(drift)
            gate.check(options.gate, outcome.exceeded)
            for delta in deltas.values():
                if error is None:
                    outcome.entities[delta.mart.name], error = sync.export(delta)
        except ExportError as caught:
            error = caught
        finally:
            outcome.requests = metrica.requests
        _close(outcome, journal, options.names, error)


def _close(
    outcome: Outcome, journal: Journal, names: tuple[str, ...], error: ExportError | None
) -> None:
    """Record how the run ended, and raise the error that ended it, if any."""
    if error is None:
        outcome.exit_code = outcome.unsent_code()
        message = "rows rejected or held" if outcome.exit_code else "clean"
        journal.finish_run(outcome.exit_code, message, outcome.requests, outcome.entities)
        if any(counts.uploads for counts in outcome.entities.values()):
            # The run has ended well; who may not make an index looks ids up slowly.
            with suppress(WarehouseError):
                journal.index()
        return
    for mart, counts in outcome.entities.items():
        if counts.pending:
            error.args = (f"{error} {counts.pending} rows of {mart} are left.",)
    if unseen := [name for name in names if name not in outcome.entities]:
        error.args = (f"{error} Not looked at: {', '.join(unseen)}.",)
    try:
        journal.finish_run(error.exit_code, str(error), outcome.requests, outcome.entities)
    except ExportError:
        # The warehouse may be what failed, and then the first error is the one to tell.
        raise error from None
    raise error


def plan(outcome: Outcome, options: Options, out: Path | None = None) -> list[tuple[Any, ...]]:
    """Fill in what a run would come to; returns mart, state, column, reason, rows.

    Asks Metrica nothing and writes nothing to the warehouse. `out` is where to save the plan.
    """
    with open_session(options.dbt, staging=options.staging, read_only=True) as session:
        ledger = Ledger(session.wh, options.counter_id)
        check_mode(session.wh, ledger, options.form.mode)
        judge = Judge(session.wh, ledger, session.marts, options, marked=False)
        deltas = {}
        for mart in map(session.marts.get, options.names):
            check_relation(session.wh, mart)
            delta = judge.judge(mart, everything=options.everything)
            deltas[mart.name], outcome.changes[mart.name] = delta, find_changes(judge, mart)
        outcome.exceeded = gate.exceeded(judge, options.gate, deltas, outcome.changes)
        if out is not None:
            SavedPlan.of(judge, options, deltas, outcome.changes).write(out)
        for entity, delta in deltas.items():
            rows = judge.sendable(delta.mart)
            outcome.entities[entity] = judge.counts(delta, rows, judge.uploads(delta.mart))
        outcome.exit_code = outcome.unsent_code()
        if outcome.exceeded.keys() - options.gate.accepted:
            outcome.exit_code = GateError.exit_code
        return [
            (entity, *row)
            for entity, delta in deltas.items()
            for row in session.wh.rows(
                f"select _state, _column, _reason, count(*) from ({judge.verdicts(delta.mart)}) "
                "group by all order by 1, 4 desc, 2, 3"
            )
        ]
