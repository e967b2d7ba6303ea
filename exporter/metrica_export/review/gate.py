"""The gate: limits that stop a run before its first upload.

Metrica takes nothing back: a goal that was reached stays reached, and a value that a SAVE made
empty is gone. And a night in which most rows cannot be sent must not look like an ordinary one.
"""

from collections.abc import Iterator

from metrica_export.checks.judge import Judge
from metrica_export.delta.detection import Delta
from metrica_export.errors import GateError
from metrica_export.ledger.records import Changes, EntityCounts
from metrica_export.review.impact import open_orders
from metrica_export.settings import BECOME_PERCENT, SHARE_FROM, Gate


def exceeded(
    judge: Judge,
    gate: Gate,
    deltas: dict[str, Delta],
    changes: dict[str, Changes],
    counts: dict[str, EntityCounts],
) -> dict[str, str]:
    """Return the limits that the judged marts exceed: name in `config.GATE` → what, and how much.

    `counts` are those of the judged marts, before anything is sent.
    """
    found = {}
    if paid := sum(change.paid for change in changes.values()):
        there = open_orders(judge)
        if _is_beyond(paid, there, gate.paid_percent):
            found["paid"] = (
                f"{paid} orders turn PAID and {there} are open; the limit is "
                f"{gate.paid_percent} % (--max-paid-percent)"
            )
    erased = [
        (count, f"{count} of {column} in {entity}")
        for entity, change in changes.items()
        for column, count in change.erased.items()
    ]
    if sum(count for count, _ in erased) > gate.erased_values:
        found["erased"] = (
            f"values that Metrica has become empty: {', '.join(text for _, text in erased)}; "
            f"the limit is {gate.erased_values} (--max-erased)"
        )
    shrunk = []
    complete = judge.ledger.last_complete()
    for entity, delta in deltas.items():
        _, last = complete.get(entity, (0, 0))
        if _is_beyond(last - delta.mart_rows, last, gate.shrink_percent):
            shrunk.append(f"{entity} had {last} rows and has {delta.mart_rows}")
    if shrunk:
        found["shrink"] = (
            f"{', '.join(shrunk)}; the limit is {gate.shrink_percent} % (--max-shrink-percent)"
        )
    unsendable = [
        text
        for entity, delta in deltas.items()
        if counts[entity].rejected or counts[entity].held
        for text in _unsendable(judge, gate, delta)
    ]
    if unsendable:
        found["unsendable"] = "; ".join(unsendable)
    return found


def _is_beyond(part: int, whole: int, percent: int) -> bool:
    return whole >= SHARE_FROM and part * 100 > percent * whole


def _unsendable(judge: Judge, gate: Gate, delta: Delta) -> Iterator[str]:
    """Yield the limits that the unsendable rows of a mart exceed, with the commonest reason.

    Orders that `--late-orders hold` keeps back are as the operator wants them.
    """
    mart = delta.mart.name
    bad = judge.wh.rows(
        f"select _reason, _column, count(*) from ({judge.verdicts(delta.mart)}) "
        f"where _reason <> '{_WANTED}' group by all order by 3 desc, 1, 2"
    )
    if not bad:
        return
    rows = sum(count for *_, count in bad)
    reason, column, most = bad[0]
    why = f"{most} of them {reason} in {column}" if column else f"{most} of them {reason}"
    became, delivered = _became(judge, delta)
    if _is_beyond(rows, delta.mart_rows, gate.unsendable_percent):
        yield (
            f"{rows} of {delta.mart_rows} rows of {mart} are rejected or held, {why}; the limit "
            f"is {gate.unsendable_percent} % (--max-unsendable-percent)"
        )
    elif _is_beyond(became, delivered, BECOME_PERCENT):
        yield (
            f"{became} of {delivered} delivered rows of {mart} have become rejected or held "
            f"({rows} rows in all, {why}); the limit is {BECOME_PERCENT} %"
        )


_WANTED = "window_past"
"""The reason of orders that `--late-orders hold` keeps back: the operator wants it so."""


def _became(judge: Judge, delta: Delta) -> tuple[int, int]:
    """Return the delivered rows that are unsendable only since this pass, and all delivered rows.

    Delivered rows that were unsendable before are in neither number.
    """
    mart = delta.mart.name
    became, changed = judge.wh.row(
        f"""
        select count(distinct s._id) filter (x._reason is not null), count(distinct s._id)
        from prior_{mart} p
        join staged_{mart} s on s.rowid = p._row
        left join problems_{mart} x on x._row = p._row and x._reason <> '{_WANTED}'
        where p._delivered
            and s._id not in (select _id from verdicts_{mart} where _id is not null)
        """
    )
    return became, delta.unchanged + changed


def check(gate: Gate, found: dict[str, str]) -> None:
    """Raise GateError for what goes beyond the limits and was not accepted."""
    stopping = {what: text for what, text in found.items() if what not in gate.accepted}
    if stopping:
        raise GateError(
            f"Nothing was sent: {'; '.join(stopping.values())}. See `metrica-export plan`. To "
            f"proceed once, pass `--accept {','.join(stopping)}`. Metrica cannot undo it."
        )
