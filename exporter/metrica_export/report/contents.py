"""The figures of the report: nine parts, from the marts and the ledger, without a request."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from metrica_export.report.light import Light, judge
from metrica_export.report.online import OnlineOrders
from metrica_export.report.parts.cohorts import Cohort, read_cohorts
from metrica_export.report.parts.deadlines import Deadlines, read_deadlines
from metrica_export.report.parts.match_keys import MatchKeys, read_match_keys
from metrica_export.report.parts.reasons import Reasons, read_reasons
from metrica_export.report.parts.revenue import StatusType, read_revenue
from metrica_export.report.parts.runs import Runs, read_runs
from metrica_export.report.parts.schema import Schema, read_schema
from metrica_export.report.parts.steps import Step, read_steps
from metrica_export.report.parts.waiting import Waiting, read_waiting
from metrica_export.report.scans.order_groups import group_orders, read_status_types
from metrica_export.report.scans.undelivered import find_undelivered
from metrica_export.report.subject import Subject
from metrica_export.warehouse.report_tables import UNDELIVERED


@dataclass(frozen=True, slots=True)
class Report:
    """All figures. Times are in the counter's zone, without an offset."""

    counter_id: int
    created_at: datetime
    time_zone: str
    light: Light
    waiting: Waiting
    runs: Runs
    reasons: Reasons
    match_keys: MatchKeys
    deadlines: Deadlines
    revenue: tuple[StatusType, ...]
    steps: tuple[Step, ...]
    cohorts: tuple[Cohort, ...]
    schema: Schema


def read_report(
    subject: Subject,
    online: OnlineOrders | None = None,
    meanwhile: Callable[[Runs], None] = lambda _: None,
) -> Report:
    """Return the figures of a counter.

    `meanwhile` is called with the runs while the warehouse scans the orders.

    Raises SettingsError if the orders mart lacks the attribute of `online`, WarehouseError if a
    query fails.
    """
    read_status_types(subject)
    runs = read_runs(subject)
    subject.wh.run(UNDELIVERED.create_empty())
    # DuckDB's idle threads would take the processors from PostgreSQL.
    threads = subject.wh.one_thread_each() if subject.wh.is_postgres else nullcontext()
    with threads, ThreadPoolExecutor(3) as pool:
        groups = pool.submit(group_orders, subject.with_new_session())
        others = pool.submit(_find_others, subject.with_new_session())
        find_undelivered(subject, subject.orders)
        # Not earlier: a third query of the server would slow the other two.
        match_keys = pool.submit(read_match_keys, subject.with_new_session(), online)
        # Last, because vl-convert keeps Python's lock while it draws.
        meanwhile(runs)
        others.result()
        groups.result()
        found_keys = match_keys.result()
    waiting = read_waiting(subject)
    return Report(
        counter_id=subject.counter_id,
        created_at=subject.now,
        time_zone=subject.zone,
        light=judge(runs, waiting, subject.now),
        waiting=waiting,
        runs=runs,
        reasons=read_reasons(subject),
        match_keys=found_keys,
        deadlines=read_deadlines(subject),
        revenue=read_revenue(subject),
        steps=read_steps(subject),
        cohorts=read_cohorts(subject),
        schema=read_schema(subject),
    )


def _find_others(subject: Subject) -> None:
    for mart in subject.marts:
        if mart is not subject.orders:
            find_undelivered(subject, mart)
