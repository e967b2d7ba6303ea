"""The gate: limits that stop a run before its first upload.

Metrica cannot undo a change: a reached goal stays reached, and a value that a SAVE emptied is
lost. A run with an unusual share of unsendable rows must not look like an ordinary one.
"""

from collections.abc import Iterator, Mapping
from functools import partial

from metrica_export.checks.cures import cure_of
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.checks.verdicts import verdicts
from metrica_export.errors import GateError
from metrica_export.ledger.reader import Ledger
from metrica_export.review.filter_change import find_change
from metrica_export.review.gate_texts import gate_text
from metrica_export.review.impact import ReviewedMart, count_open_orders
from metrica_export.settings import BECOME_PERCENT, SHARE_FROM, WIDEN_PERCENT, Gate
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.session import Session
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of


def find_exceeded(
    session: Session,
    ledger: Ledger,
    gate: Gate,
    reviewed: Mapping[str, ReviewedMart],
    language: str = "en",
) -> dict[str, str]:
    """Return the limits that reviewed marts exceed: name in `settings.GATE` → sentence."""
    text = partial(gate_text, language=language)
    found = {}
    if paid := sum(mart.changes.paid for mart in reviewed.values()):
        open_orders = count_open_orders(session, ledger)
        if _is_beyond(paid, open_orders, gate.paid_percent):
            found["paid"] = text("paid", paid=paid, open=open_orders, limit=gate.paid_percent)
    erased = [
        (count, text("erased_column", count=count, column=column, mart=entity))
        for entity, mart in reviewed.items()
        for column, count in mart.changes.erased.items()
    ]
    if sum(count for count, _ in erased) > gate.erased_values:
        values = ", ".join(value for _, value in erased)
        found["erased"] = text("erased", values=values, limit=gate.erased_values)
    shrunk = []
    complete = ledger.last_complete()
    for entity, mart in reviewed.items():
        _, last = complete.get(entity, (0, 0))
        if _is_beyond(last - mart.counts.rows, last, gate.shrink_percent):
            shrunk.append(text("shrunk_mart", mart=entity, before=last, now=mart.counts.rows))
    if shrunk:
        found["shrink"] = text("shrink", marts=", ".join(shrunk), limit=gate.shrink_percent)
    filters = [
        sentence
        for mart in reviewed.values()
        if (
            sentence := _filter_change(
                session.wh, ledger, mart, complete.get(mart.staged.name, (0, 0))[1], language
            )
        )
    ]
    if filters:
        found["filter"] = text("filter", marts="; ".join(filters), counter=ledger.counter_id)
    unsendable = [
        sentence
        for mart in reviewed.values()
        if mart.counts.rejected or mart.counts.held
        for sentence in _unsendable(session.wh, gate, mart.staged, language)
    ]
    if unsendable:
        found["unsendable"] = "; ".join(unsendable)
    return found


def _is_beyond(part: int, whole: int, percent: int) -> bool:
    return whole >= SHARE_FROM and part * 100 > percent * whole


def _filter_change(
    wh: Attached, ledger: Ledger, mart: ReviewedMart, last_rows: int, language: str
) -> str | None:
    """Return the sentence of a lost filter, or of one that selects too many rows more."""
    staged = mart.staged
    change = find_change(wh, ledger, staged.mart, mart.counts.rows, last_rows)
    if change is None:
        return None
    named = {"mart": staged.name, "added": change.added, "before": change.before}
    if change.is_lost:
        return gate_text("filter_lost", language, **named)
    if change.added >= SHARE_FROM and change.added * 100 > WIDEN_PERCENT * change.before:
        return gate_text("filter_widened", language, limit=WIDEN_PERCENT, **named)
    return None


def _unsendable(wh: Attached, gate: Gate, staged: StagedMart, language: str) -> Iterator[str]:
    """Yield the limits that the unsendable rows of a mart exceed, with the commonest reason.

    Orders that `--late-orders hold` holds do not count.
    """
    mart, delta = staged.name, staged.delta
    bad = wh.rows(
        f"select _reason, _column, count(*) from ({verdicts(staged)}) "
        f"where _reason <> '{_INTENDED}' group by all order by 3 desc, 1, 2"
    )
    if not bad:
        return
    rows = sum(count for *_, count in bad)
    reason, column, most = bad[0]
    text = partial(gate_text, language=language)
    key, cure = "why_column" if column else "why", cure_of(reason, language).removesuffix(".")
    why = text(key, most=most, reason=reason, column=column, cure=cure)
    became, delivered = _count_became(wh, staged)
    if _is_beyond(rows, delta.mart_rows, gate.unsendable_percent):
        limit, total = gate.unsendable_percent, delta.mart_rows
        yield text("unsendable", rows=rows, all=total, mart=mart, why=why, limit=limit)
    elif _is_beyond(became, delivered, BECOME_PERCENT):
        yield text(
            "became_unsendable",
            became=became,
            delivered=delivered,
            mart=mart,
            rows=rows,
            why=why,
            limit=BECOME_PERCENT,
        )


_INTENDED = "window_past"
"""The reason of orders that `--late-orders hold` holds, as the operator asked."""


def _count_became(wh: Attached, staged: StagedMart) -> tuple[int, int]:
    """Return the counts of delivered rows that became unsendable in this pass, and of all.

    Neither count has delivered rows that were unsendable before.
    """
    tables = tables_of(staged.name)
    became, changed = wh.row(render(__package__, "became_unsendable", intended=_INTENDED, **tables))
    return became, staged.delta.unchanged + changed


def check(gate: Gate, found: dict[str, str], language: str = "en") -> None:
    """Raise GateError for exceeded limits that are not accepted."""
    stopping = {limit: text for limit, text in found.items() if limit not in gate.accepted}
    if stopping:
        found_text = "; ".join(stopping.values())
        limits = ",".join(stopping)
        raise GateError(gate_text("stopped", language, found=found_text, limits=limits))
