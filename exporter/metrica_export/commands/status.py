"""The commands `status` and `rejects`: the state of the marts' rows, from the ledger."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from metrica_export.checks.cures import cure_of
from metrica_export.checks.deadlines import deadline_of
from metrica_export.checks.reasons import REASONS, explain_reason
from metrica_export.errors import SettingsError
from metrica_export.ledger.mode import marts_of_mode
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.views import mart_rows
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import check_relation, wall_clock
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.session import open_session
from metrica_export.warehouse.sql import quote

_LAST_RUNS = 5


def status(
    dbt: DbtSettings, counter_id: int
) -> tuple[dict[str, dict[str, int]], list[dict[str, Any]]]:
    """Return mart → number of rows by state, and the last runs, newest first.

    `late` counts pending and held orders past Metrica's window, `expiring` those that will be
    past it within a day.
    """
    with open_session(dbt, read_only=True) as session:
        ledger = Ledger(session.wh, counter_id)
        states_of = mart_rows(session.wh, session.marts, counter_id)
        states = {}
        for mart in marts_of_mode(session.wh, ledger, session.marts):
            check_relation(session.wh, mart)
            table = rows_of(mart)
            query = session.wh.remote(f"select count(*) as n from {table} m")
            (rows,) = session.wh.row(f"select n from {query}")
            counts = {"rows": rows, "pending": rows, "sent": 0, "rejected": 0, "held": 0}
            states[mart.name] = counts | _windows(session.wh, ledger, mart, states_of)
        if not ledger.exists:
            return states, []
        query = (
            f"select entity, state, count(*) as n from {states_of} as mart_rows "
            f"where counter_id = {counter_id} group by entity, state"
        )
        for entity, state, n in session.wh.rows(
            f"select entity, state, n from {session.wh.remote(query)} where state <> 'pending'"
        ):
            states[entity][state] = n
            states[entity]["pending"] -= n
        runs = session.wh.rows(
            "select run_no, cast(started_at as text), cast(finished_at as text), exit_code, "
            f"message from {LEDGER}.ledger_runs where counter_id = ? "
            f"order by run_no desc limit {_LAST_RUNS}",
            [counter_id],
        )
        keys = ("run_no", "started_at", "finished_at", "exit_code", "message")
        return states, [dict(zip(keys, row, strict=True)) for row in runs]


def _windows(wh: Attached, ledger: Ledger, mart: Mart, states_of: str) -> dict[str, int]:
    """Count the unsent orders by their deadline, which depends on whether Metrica has them."""
    if not mart.entity.has_deadline:
        return {}
    unsent_only, is_delivered = "", "false"
    if ledger.exists:
        unsent_only = (
            "left join (select distinct id, state, sent_at is not null as is_delivered "
            f"from {states_of} as mart_rows where counter_id = {ledger.counter_id} "
            f"and entity = {quote(mart.name)}) as r on r.id = cast(m.id as text) "
            "where coalesce(r.state, 'pending') in ('pending', 'held')"
        )
        is_delivered = "r.is_delivered"
    now = wall_clock(wh, mart)
    query = f"""
        select
            count(*) filter (where closes < {now}) as late,
            count(*) filter (where closes between {now} and {now} + interval '1 day') as expiring
        from (
            select {deadline_of("m.create_date_time", is_delivered)} as closes
            from (
                select * from {rows_of(mart)} o
                where create_date_time between timestamp '1970-01-01' and timestamp '9999-12-31'
            ) as m
            {unsent_only}
        ) as deadlines
    """
    late, expiring = wh.row(f"select late, expiring from {wh.remote(query)}")
    return {"late": late, "expiring": expiring}


@dataclass(frozen=True, slots=True)
class Filter:
    """The rejected and held rows to list; None is no restriction."""

    mart: str | None = None
    reason: str | None = None
    state: str | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.reason is not None and self.reason not in REASONS:
            raise SettingsError(
                f"--reason {self.reason!r} is unknown. Choose from {', '.join(sorted(REASONS))}."
            )

    def condition(self) -> str:
        """Return SQL over `ledger_verdicts`."""
        wanted = {"entity": self.mart, "reason": self.reason, "state": self.state}
        return "".join(f" and {name} = {quote(text)}" for name, text in wanted.items() if text)


@dataclass(frozen=True, slots=True)
class Rejects:
    """Rejected and held rows: their total, and an iterator over at most `Filter.limit` of them.

    A row is entity, id, state, column, reason, explanation, cure, the first run that gave the
    verdict, and the time of the last one in microseconds since 1970. `widths` are the longest
    entity, id, state, column and reason.
    """

    total: int
    widths: tuple[int, ...]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def rejects(
    dbt: DbtSettings, counter_id: int, wanted: Filter, language: str = "en"
) -> Iterator[Rejects]:
    """Open the list of rejected and held rows; iteration reads it from the warehouse.

    The list is empty before the first run. `plan` shows the rows that a run would reject or hold.
    """
    with open_session(dbt, read_only=True) as session:
        if not Ledger(session.wh, counter_id).exists:
            yield Rejects(0, (), iter(()))
            return
        verdicts = (
            f"{LEDGER}.ledger_verdicts where counter_id = ? and state <> 'pending'"
            f"{wanted.condition()}"
        )
        names = ("entity", "id", "state", "column_name", "reason")
        longest = ", ".join(f"coalesce(max(length({name})), 0)" for name in names)
        total, *widths = session.wh.row(f"select count(*), {longest} from {verdicts}", [counter_id])
        limit = "" if wanted.limit is None else f" limit {wanted.limit}"
        rows = session.wh.stream(
            f"select {', '.join(names)}, detail, run_no, epoch_us(judged_at) from {verdicts} "
            f"order by 1, 3, 5, 2{limit}",
            [counter_id],
        )
        explained = (
            (
                *row[:5],
                _explain(*row[4:6], language=language),
                cure_of(row[4], language),
                *row[6:],
            )
            for row in rows
        )
        with closing(rows):
            yield Rejects(total, tuple(widths), explained)


def _explain(reason: str, detail: str | None, *, language: str) -> str:
    return explain_reason(reason, language) + (f" Metrica's reason: {detail}" if detail else "")
