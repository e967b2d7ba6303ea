"""The commands themselves, between the command line and the flow."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metrica_export.checks.judge import Judge
from metrica_export.commands.crash_report import unexpected
from metrica_export.commands.outcome import Outcome
from metrica_export.commands.sync import Sync, check_time_zone
from metrica_export.console import Reporter
from metrica_export.delivery.uploader import Run
from metrica_export.delta.comparison import with_since
from metrica_export.delta.detection import Delta
from metrica_export.errors import ExportError, GateError, WarehouseError
from metrica_export.ledger.destination import check_destination, check_mode
from metrica_export.ledger.lock import run_lock
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.store import open_ledger
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import ORDER_STATUSES, ORDERS
from metrica_export.review import gate
from metrica_export.review.impact import find_changes, finishing
from metrica_export.review.saved_plan import SavedPlan
from metrica_export.review.status_mapping import describe, find_drift
from metrica_export.settings import Options
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import check_relation
from metrica_export.warehouse.dbt_manifest import Marts
from metrica_export.warehouse.dbt_profile import Warehouse
from metrica_export.warehouse.left_out import read_left_out
from metrica_export.warehouse.session import Session, open_session


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

    Raises ExportError. The ledger has every row that was delivered before an error.
    """
    outcome.stamp.counter, outcome.stamp.mode = api.counter_id, options.form.mode
    with (
        open_session(options.dbt, staging=options.staging) as session,
        parts.lock(session.profile, api.counter_id) as check_lock,
    ):
        wh, outcome.stamp.target = session.wh, session.profile.target
        marts = [session.marts.get(name) for name in options.names]
        for mart in marts:
            check_relation(wh, mart)
        report = Reporter()
        _read_left_out(outcome, session, options, report)
        saved = options.saved_plan and SavedPlan.read(options.saved_plan)
        found = Ledger(wh, api.counter_id)
        check_destination(wh, found, is_local=api.is_local)
        check_mode(wh, found, options.form.mode)
        ledger = parts.ledger(wh, api.counter_id, session.marts)
        journal = parts.journal(wh, api.counter_id)
        outcome.stamp.run_no, started = journal.start_run()
        outcome.stamp.start(started)
        budget = options.limits.daily_requests - journal.requests_today()
        metrica = parts.metrica(api, budget)
        report.tell_retries()
        run = Run(journal, budget, session.staging, api.is_local, check_lock)
        judge = parts.judge(wh, ledger, session.marts, options, marked=True)
        sync = Sync(judge, metrica, report, run)
        error: ExportError | None = None
        try:
            check_time_zone(metrica, marts, wh)
            outcome.foreign_uploads = sync.resolve()
            deltas = {
                mart.name: sync.look(mart, outcome, everything=options.everything) for mart in marts
            }
            if saved:
                saved.check(SavedPlan.of(judge, options, deltas, outcome.changes))
            _find_exceeded(outcome, judge, options, deltas)
            if {ORDER_STATUSES.name, ORDERS.name} & deltas.keys() and (
                drift := find_drift(wh, ledger, session.marts, metrica)
            ):
                outcome.exceeded["drift"] = describe(drift)
            gate.check(options.gate, outcome.exceeded)
            if any(judge.first_uploads(delta.mart) for delta in deltas.values()):
                journal.record_counts(outcome.entities)
            for delta in deltas.values():
                sync.export(delta, outcome)
            outcome.complete(_count_new(outcome, judge, deltas), options.fail_on)
        except Exception as caught:  # noqa: BLE001 - the ledger records each way to end
            error = unexpected(caught)
        outcome.requests = metrica.requests
        outcome.stamp.stop()
        _close(outcome, journal, options.names, error)


def _read_left_out(outcome: Outcome, session: Session, options: Options, report: Reporter) -> None:
    try:
        outcome.left_out = read_left_out(session.wh, session.marts, options.names)
    except WarehouseError:
        # It decides nothing.
        report.line(
            "The model left_out cannot be read, so values that dbt left out are not counted; "
            "`metrica-export doctor` says why."
        )


def _find_exceeded(
    outcome: Outcome, judge: Judge, options: Options, deltas: dict[str, Delta]
) -> None:
    outcome.exceeded = gate.exceeded(judge, options.gate, deltas, outcome.changes, outcome.entities)


def _count_new(outcome: Outcome, judge: Judge, deltas: dict[str, Delta]) -> int:
    """Count the rejected and held rows that were neither after the last complete run."""
    if not outcome.rejected and not outcome.held:
        return 0
    complete = judge.ledger.last_complete()
    new = 0
    for entity, delta in deltas.items():
        counts = outcome.entities[entity]
        if counts.rejected or counts.held:
            last, _ = complete.get(entity, (0, 0))
            (rows,) = judge.wh.row(
                f"select count(*) from ({with_since(entity, judge.verdicts(delta.mart))}) "
                f"where (_since is null or _since > {last}) and _state <> 'pending'"
            )
            new += rows
    return new


def _close(
    outcome: Outcome, journal: Journal, names: tuple[str, ...], error: ExportError | None
) -> None:
    """Record how the run ended, and raise the error that ended it, if any."""
    if error is None:
        journal.finish_run(outcome.exit_code, outcome.summary(), outcome.requests, outcome.entities)
        if any(counts.uploads for counts in outcome.entities.values()):
            # The run has ended well; who may not make an index looks ids up slowly.
            with suppress(WarehouseError):
                journal.index()
        return
    if not isinstance(error, GateError):
        delivered = [
            f"{counts.sent} of {counts.sent + counts.pending} rows of {mart}"
            for mart, counts in outcome.entities.items()
            if counts.sent or counts.pending
        ]
        if delivered:
            error.args = (f"{error} Delivered in this run: {', '.join(delivered)}.",)
    if unseen := [name for name in names if name not in outcome.entities]:
        error.args = (f"{error} Not compared: {', '.join(unseen)}.",)
    # The warehouse may be the cause, and then the first error is the one to show.
    with suppress(Exception):
        journal.finish_run(error.exit_code, str(error), outcome.requests, outcome.entities)
    raise error


def plan(outcome: Outcome, options: Options, out: Path | None = None) -> list[tuple[Any, ...]]:
    """Fill in what a run would come to; returns mart, state, column, reason, rows.

    Asks Metrica nothing and writes nothing to the warehouse. `out` is where to save the plan.
    """
    outcome.stamp.counter, outcome.stamp.mode = options.counter_id, options.form.mode
    with open_session(options.dbt, staging=options.staging, read_only=True) as session:
        outcome.stamp.target = session.profile.target
        (now,) = session.wh.row(f"select epoch_us({session.wh.now})")
        outcome.stamp.start(now)
        _read_left_out(outcome, session, options, Reporter())
        ledger = Ledger(session.wh, options.counter_id)
        check_mode(session.wh, ledger, options.form.mode)
        judge = Judge(session.wh, ledger, session.marts, options, marked=False)
        deltas = {}
        for mart in map(session.marts.get, options.names):
            check_relation(session.wh, mart)
            delta = judge.judge(mart, everything=options.everything)
            deltas[mart.name], outcome.changes[mart.name] = delta, find_changes(judge, delta)
            rows = finishing(judge, mart)
            outcome.entities[mart.name] = judge.counts(delta, rows, judge.uploads(mart))
        _find_exceeded(outcome, judge, options, deltas)
        if out is not None:
            SavedPlan.of(judge, options, deltas, outcome.changes).write(out)
        outcome.complete(_count_new(outcome, judge, deltas), options.fail_on)
        if outcome.exceeded.keys() - options.gate.accepted:
            outcome.exit_code = GateError.exit_code
        outcome.stamp.stop()
        return [
            (entity, *row)
            for entity, delta in deltas.items()
            for row in session.wh.rows(
                f"select _state, _column, _reason, count(*) from ({judge.verdicts(delta.mart)}) "
                "group by all order by 1, 4 desc, 2, 3"
            )
        ]
