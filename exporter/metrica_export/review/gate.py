"""The gate: limits that stop a run before its first upload.

Metrica cannot undo a change: a reached goal stays reached, and a value that a SAVE emptied is
lost. A run with an unusual share of unsendable rows must not look like an ordinary one.
"""

from collections.abc import Iterator, Mapping

from metrica_export.checks.cures import cure_of
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.checks.verdicts import verdicts
from metrica_export.ledger.reader import Ledger
from metrica_export.review.filter_change import find_change
from metrica_export.review.gate_texts import LANGUAGES, Texts, gate_error, gate_text, joined
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
) -> dict[str, Texts]:
    """Return the limits that reviewed marts exceed: name in `settings.GATE` → sentence."""
    found = {}
    if paid := sum(mart.changes.paid for mart in reviewed.values()):
        open_orders = count_open_orders(session, ledger)
        if _is_beyond(paid, open_orders, gate.paid_percent):
            found["paid"] = gate_text("paid", paid=paid, open=open_orders, limit=gate.paid_percent)
    erased = [
        (count, gate_text("erased_column", count=count, column=column, mart=entity))
        for entity, mart in reviewed.items()
        for column, count in mart.changes.erased.items()
    ]
    if sum(count for count, _ in erased) > gate.erased_values:
        values = joined(", ", (value for _, value in erased))
        found["erased"] = gate_text("erased", values=values, limit=gate.erased_values)
    shrunk = []
    complete = ledger.last_complete()
    for entity, mart in reviewed.items():
        _, last = complete.get(entity, (0, 0))
        if _is_beyond(last - mart.counts.rows, last, gate.shrink_percent):
            shrunk.append(gate_text("shrunk_mart", mart=entity, before=last, now=mart.counts.rows))
    if shrunk:
        found["shrink"] = gate_text("shrink", marts=joined(", ", shrunk), limit=gate.shrink_percent)
    filters = [
        sentence
        for mart in reviewed.values()
        if (
            sentence := _filter_change(
                session.wh, ledger, mart, complete.get(mart.staged.name, (0, 0))[1]
            )
        )
    ]
    if filters:
        found["filter"] = gate_text(
            "filter", marts=joined("; ", filters), counter=ledger.counter_id
        )
    unsendable = [
        sentence
        for mart in reviewed.values()
        if mart.counts.rejected or mart.counts.held
        for sentence in _unsendable(session.wh, gate, mart.staged)
    ]
    if unsendable:
        found["unsendable"] = joined("; ", unsendable)
    return found


def _is_beyond(part: int, whole: int, percent: int) -> bool:
    return whole >= SHARE_FROM and part * 100 > percent * whole


def _filter_change(
    wh: Attached, ledger: Ledger, mart: ReviewedMart, last_rows: int
) -> Texts | None:
    """Return the sentence of a lost filter, or of one that selects too many rows more."""
    staged = mart.staged
    change = find_change(wh, ledger, staged.mart, mart.counts.rows, last_rows)
    if change is None:
        return None
    named = {"mart": staged.name, "added": change.added, "before": change.before}
    if change.is_lost:
        return gate_text("filter_lost", **named)
    if change.added >= SHARE_FROM and change.added * 100 > WIDEN_PERCENT * change.before:
        return gate_text("filter_widened", limit=WIDEN_PERCENT, **named)
    return None


def _unsendable(wh: Attached, gate: Gate, staged: StagedMart) -> Iterator[Texts]:
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
    cure = {language: cure_of(reason, language).removesuffix(".") for language in LANGUAGES}
    key = "why_column" if column else "why"
    why = gate_text(key, most=most, reason=reason, column=column, cure=cure)
    became, delivered = _count_became(wh, staged)
    if _is_beyond(rows, delta.mart_rows, gate.unsendable_percent):
        limit, total = gate.unsendable_percent, delta.mart_rows
        yield gate_text("unsendable", rows=rows, all=total, mart=mart, why=why, limit=limit)
    elif _is_beyond(became, delivered, BECOME_PERCENT):
        yield gate_text(
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


def check(gate: Gate, found: Mapping[str, Texts], language: str) -> None:
    """Raise GateError, with a message in `language`, for exceeded limits that are not accepted."""
    stopping = {limit: text for limit, text in found.items() if limit not in gate.accepted}
    if stopping:
        sentences, limits = joined("; ", stopping.values()), ",".join(stopping)
        raise gate_error(gate_text("stopped", found=sentences, limits=limits), language)
