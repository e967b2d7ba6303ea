"""The command `run`: the whole flow, from the marts to the ledger."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from stamina.instrumentation import get_on_retry_hooks, set_on_retry_hooks

from metrica_export.checks.status_steps import find_steps
from metrica_export.commands.comparison import Comparison, FindSteps
from metrica_export.commands.counter_checks import check_time_zone
from metrica_export.commands.crash_report import unexpected
from metrica_export.commands.export import Export
from metrica_export.commands.outcome import Outcome, read_left_out
from metrica_export.commands.result import RunResult
from metrica_export.console import Reporter
from metrica_export.delivery.uploader import Uploader
from metrica_export.errors import ExportError, GateError, WarehouseError
from metrica_export.event_log import LogReporter
from metrica_export.ledger.destination import check_destination, check_mode
from metrica_export.ledger.lock import run_lock
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.store import open_ledger, record_filters
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.access import DEFAULT_API_URL, Api, read_api
from metrica_export.metrica.client import Metrica
from metrica_export.review.saved_plan import SavedPlan
from metrica_export.settings import Options
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import check_relation
from metrica_export.warehouse.dbt_manifest import Marts
from metrica_export.warehouse.dbt_profile import Database
from metrica_export.warehouse.session import open_session


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a run that carry its guarantees.

    Every command uses `PARTS`. The fault campaign replaces one part by a copy without its guard,
    to prove that it finds the damage.
    """

    lock: Callable[[Database, int], AbstractContextManager[Callable[[], None]]] = run_lock
    ledger: Callable[[Attached, int, Marts], Ledger] = open_ledger
    journal: Callable[[Attached, int], Journal] = Journal
    metrica: Callable[[Api, int], Metrica] = Metrica
    find_steps: FindSteps = find_steps


PARTS = Parts()


def run(
    settings: Options,
    api: Api | None = None,
    report: Reporter | None = None,
    parts: Parts = PARTS,
) -> RunResult:
    """Send the rows that Metrica does not have in their present state; return the counts.

    Without `api` the run goes to Metrica, with the token in METRICA_TOKEN. `report` gets the
    events of the run; by default they are records of the logger `metrica_export`. Nothing is
    printed.

    Raises ExportError, whose `result` and the ledger cover the work before the error. Rejected
    and held rows are no error: `settings.fail_on` sets the result's exit code.
    """
    outcome, hooks = Outcome(), get_on_retry_hooks()
    try:
        _run(
            outcome,
            settings,
            api or read_api(DEFAULT_API_URL, settings.counter_id),
            report or LogReporter(),
            parts,
        )
    except (Exception, KeyboardInterrupt) as caught:
        error = unexpected(caught)
        outcome.fail(error)
        error.result = outcome.result()
        if error is caught:
            raise
        # The text of a foreign exception may repeat a cell, so no traceback shows it.
        raise error from None
    finally:
        set_on_retry_hooks(hooks)
    return outcome.result()


def _run(outcome: Outcome, options: Options, api: Api, report: Reporter, parts: Parts) -> None:
    outcome.stamp.counter, outcome.stamp.mode = api.counter_id, options.form.mode
    with (
        open_session(options.dbt, staging=options.staging) as session,
        parts.lock(session.ledger, api.counter_id) as check_lock,
    ):
        wh, outcome.stamp.target = session.wh, session.profile.target
        marts = [session.marts.get(name) for name in options.names]
        for mart in marts:
            check_relation(wh, mart)
        outcome.left_out = read_left_out(session, options, report)
        saved = SavedPlan.read(options.saved_plan) if options.saved_plan else None
        found = Ledger(wh, api.counter_id)
        check_destination(wh, found, is_local=api.is_local)
        check_mode(wh, found, options.form.mode)
        ledger = parts.ledger(wh, api.counter_id, session.marts)
        journal = parts.journal(wh, api.counter_id)
        outcome.stamp.run_no, started = journal.start_run()
        outcome.stamp.start(started)
        report.event(
            "run_started",
            f"run {outcome.stamp.run_no} of counter {api.counter_id} started",
            run_no=outcome.stamp.run_no,
            counter=api.counter_id,
        )
        budget = options.limits.daily_requests - journal.requests_today()
        metrica = parts.metrica(api, budget)
        report.report_retries()
        uploader = Uploader(metrica, journal, session.staging, budget, api.is_local, check_lock)
        comparison = Comparison(session, ledger, options, parts.find_steps)
        export = Export(comparison, uploader, report, outcome)
        error: ExportError | None = None
        try:
            check_time_zone(metrica, marts, wh)
            export.resolve()
            for mart in marts:
                export.compare(mart)
            export.limit()
            export.review(saved)
            record_filters(wh, ledger, session.marts, comparison.reviewed)
            for staged in comparison.staged.values():
                export.deliver(staged)
            outcome.complete(comparison.count_new(outcome), options.fail_on)
        except (Exception, KeyboardInterrupt) as caught:  # noqa: BLE001 - the ledger records each way to end
            error = unexpected(caught)
        outcome.requests = metrica.requests
        outcome.stamp.stop()
        _close(outcome, journal, options.names, error)


def _close(
    outcome: Outcome, journal: Journal, names: tuple[str, ...], error: ExportError | None
) -> None:
    """Record the end of the run, and raise the error that ended it, if any."""
    if error is None:
        journal.finish_run(
            outcome.exit_code, outcome.result().summary(), outcome.requests, outcome.entities
        )
        if any(counts.uploads for counts in outcome.entities.values()):
            # The index only makes lookups faster, so a missing right does not fail the run.
            with suppress(WarehouseError):
                journal.index()
        return
    if not isinstance(error, GateError) and (delivered := outcome.delivered()):
        error.args = (f"{error} Delivered in this run: {', '.join(delivered)}.",)
    if not_compared := [name for name in names if name not in outcome.entities]:
        error.args = (f"{error} Not compared: {', '.join(not_compared)}.",)
    # The warehouse may be the cause, and then the first error is the one to show.
    with suppress(Exception):
        texts = error.texts if isinstance(error, GateError) else None
        journal.finish_run(error.exit_code, str(error), outcome.requests, outcome.entities, texts)
    raise error
