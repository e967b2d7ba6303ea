"""The commands themselves, between the command line and the flow."""

from pathlib import Path
from typing import Any

from exporter.checks import REASONS
from exporter.config import Api, DbtSettings, Limits
from exporter.errors import ExportError, LedgerError
from exporter.judge import Judge, check_relation
from exporter.ledger import SCHEMA
from exporter.lock import run_lock
from exporter.metrica import Metrica
from exporter.report import Outcome, Reporter
from exporter.session import Session, open_session
from exporter.sync import Sync, check_time_zone
from exporter.sync import plan as plan_all
from exporter.views import create_views
from exporter.warehouse import HERE, name

_LAST_RUNS = 5


def run(
    outcome: Outcome,
    *,
    dbt: DbtSettings,
    api: Api,
    limits: Limits,
    names: tuple[str, ...],
    everything: bool,
    staging_dir: Path | None,
) -> None:
    """Send what Metrica does not have yet; `outcome` is filled in as far as the run gets.

    Raises ExportError. What was sent before an error is in the ledger.
    """
    report = Reporter()
    with open_session(dbt, api.counter_id, staging_dir=staging_dir) as session:
        for mart in session.marts.all:
            check_relation(session.wh, mart)
        with run_lock(session.profile, api.counter_id) as check_lock:
            metrica = Metrica(api)
            try:
                session.ledger.check_destination(is_local=api.is_local)
                check_time_zone(metrica, session.marts)
                session.ledger.create()
                create_views(session.wh, session.marts)
                run_no = session.ledger.start_run()
                sync = Sync(
                    Judge(session.wh, session.ledger, session.marts, limits, presume=False),
                    metrica,
                    limits,
                    report,
                    run_no=run_no,
                    staging=session.staging,
                    is_local=api.is_local,
                    check_lock=check_lock,
                )
                _export_all(session, sync, outcome, run_no, names, everything=everything)
            finally:
                outcome.requests = metrica.requests


def _export_all(
    session: Session,
    sync: Sync,
    outcome: Outcome,
    run_no: int,
    names: tuple[str, ...],
    *,
    everything: bool,
) -> None:
    error: ExportError | None = None
    try:
        for mart in session.marts.all:
            if mart.name in names and error is None:
                counts, error = sync.export(mart, everything=everything)
                outcome.entities[mart.name] = counts
    except ExportError as caught:
        error = caught
    unsent = any(c.rejected or c.held for c in outcome.entities.values())
    outcome.exit_code = error.exit_code if error else int(unsent)
    message = str(error) if error else ("rows rejected or held" if unsent else "clean")
    try:
        session.ledger.finish_run(run_no, outcome.exit_code, message, outcome.entities)
    except ExportError:
        # The warehouse is gone; the first error says more than this one.
        if error is None:
            raise
    if error is not None:
        raise error


def plan(
    outcome: Outcome,
    *,
    dbt: DbtSettings,
    counter_id: int,
    limits: Limits,
    names: tuple[str, ...],
    everything: bool,
    staging_dir: Path | None,
) -> list[tuple[Any, ...]]:
    """Fill in what a run would come to; returns mart, state, column, reason, rows.

    Asks Metrica nothing and writes nothing to the warehouse.
    """
    with open_session(dbt, counter_id, staging_dir=staging_dir, read_only=True) as session:
        judge = Judge(session.wh, session.ledger, session.marts, limits, presume=True)
        outcome.entities = plan_all(judge, limits, names, everything=everything)
        unsent = any(c.rejected or c.held for c in outcome.entities.values())
        outcome.exit_code = int(unsent)
        return [
            (mart.name, *row)
            for mart in session.marts.all
            if mart.name in names
            for row in session.wh.rows(
                f"select _state, _column, _reason, count(*) from ({judge.verdicts(mart)}) "
                "group by all order by 1, 4 desc, 2, 3"
            )
        ]


def status(
    dbt: DbtSettings, counter_id: int
) -> tuple[dict[str, dict[str, int]], list[dict[str, Any]]]:
    """Return, for each mart, its rows by state, and the last runs, newest first."""
    with open_session(dbt, counter_id, read_only=True) as session:
        states = {}
        for mart in session.marts.all:
            check_relation(session.wh, mart)
            relation = f"{HERE}{name(mart.schema)}.{name(mart.table)}"
            (rows,) = session.wh.row(f"select count(*) from {relation}")
            states[mart.name] = {
                "rows": rows, "pending": rows, "sent": 0, "rejected": 0, "held": 0
            }
        if not session.ledger.exists:
            return states, []
        query = (
            f"select entity, state, count(*) as n from {HERE}{SCHEMA}.mart_rows "
            f"where counter_id = {counter_id} group by entity, state"
        )
        for entity, state, n in session.wh.rows(
            f"select entity, state, n from {session.wh.remote(query)} where state <> 'pending'"
        ):
            states[entity][state] = n
            states[entity]["pending"] -= n
        runs = session.wh.rows(
            "select run_no, cast(started_at as text), cast(finished_at as text), exit_code, "
            f"message from {HERE}{SCHEMA}.ledger_runs where counter_id = ? "
            f"order by run_no desc limit {_LAST_RUNS}",
            [counter_id],
        )
        keys = ("run_no", "started_at", "finished_at", "exit_code", "message")
        return states, [dict(zip(keys, row, strict=True)) for row in runs]


def rejects(dbt: DbtSettings, counter_id: int) -> list[dict[str, Any]]:
    """Return every rejected and held row: entity, id, state, column, reason, explanation."""
    with open_session(dbt, counter_id, read_only=True) as session:
        if not session.ledger.exists:
            raise LedgerError(
                "There is no ledger in this warehouse yet: run `metrica-export run`, or "
                "`metrica-export plan` to see what it would find."
            )
        rows = session.wh.rows(
            "select entity, id, state, column_name, reason "
            f"from {HERE}{SCHEMA}.ledger_verdicts where counter_id = ? order by 1, 3, 5, 2",
            [counter_id],
        )
    keys = ("entity", "id", "state", "column", "reason")
    return [
        dict(zip(keys, row, strict=True)) | {"explanation": REASONS[row[4]]} for row in rows
    ]
