"""The figures of the report: nine parts, from the marts and the ledger, without a request."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from time import sleep

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
from metrica_export.report.scans.undelivered import compare_rows, read_rows, row_queries
from metrica_export.report.subject import Subject


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


_HEAD_START = 0.03
"""Seconds in which the scans start: vl-convert keeps Python's lock while it draws."""


def read_report(
    subject: Subject,
    online: OnlineOrders | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Report:
    """Return the figures of a counter. The warehouse makes its three scans at the same time.

    `meanwhile` is called while the warehouse scans.

    Raises SettingsError if the orders mart lacks the attribute of `online`, WarehouseError if a
    query fails.
    """
    read_status_types(subject)
    queries = row_queries(subject)
    # DuckDB's idle threads would take the processors from PostgreSQL.
    threads = subject.wh.one_thread_each() if subject.wh.is_postgres else nullcontext()
    with threads, ThreadPoolExecutor(3) as pool:
        groups = pool.submit(group_orders, subject.with_new_session())
        match_keys = pool.submit(read_match_keys, subject.with_new_session(), online)
        rows = pool.submit(read_rows, subject.with_new_session(), queries)
        sleep(_HEAD_START)
        meanwhile()
        groups.result()
        rows.result()
        found_keys = match_keys.result()
    compare_rows(subject)
    runs, waiting = read_runs(subject), read_waiting(subject)
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
