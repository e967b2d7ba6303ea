"""The gate before what cannot be undone: limits that stop a run before its first upload.

Metrica takes nothing back: a goal that was reached stays reached, and what a SAVE made
empty is gone.
"""

from exporter.changes import open_orders
from exporter.config import SHARE_FROM, Gate
from exporter.delta import Delta
from exporter.entries import Changes
from exporter.errors import GateError
from exporter.judge import Judge


def exceeded(
    judge: Judge, gate: Gate, deltas: dict[str, Delta], changes: dict[str, Changes]
) -> dict[str, str]:
    """Return what goes beyond the limits: its name in `config.GATE` → what, and how much."""
    found = {}
    for change in changes.values():
        if change.paid >= SHARE_FROM:
            there = open_orders(judge)
            if change.paid * 100 > gate.paid_percent * there:
                found["paid"] = (
                    f"{change.paid} orders turn PAID and {there} are open; the limit is "
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
    rows_before = judge.ledger.last_rows()
    for entity, delta in deltas.items():
        last = rows_before.get(entity, 0)
        gone = last - delta.mart_rows
        if gone >= SHARE_FROM and gone * 100 > gate.shrink_percent * last:
            shrunk.append(f"{entity} had {last} rows and has {delta.mart_rows}")
    if shrunk:
        found["shrink"] = (
            f"{', '.join(shrunk)}; the limit is {gate.shrink_percent} % (--max-shrink-percent)"
        )
    return found


def check(gate: Gate, found: dict[str, str]) -> None:
    """Raise GateError for what goes beyond the limits and was not accepted."""
    stopping = {what: text for what, text in found.items() if what not in gate.accepted}
    if stopping:
        raise GateError(
            f"Nothing was sent: {'; '.join(stopping.values())}. If it is meant, let it pass once "
            f"with `--accept {','.join(stopping)}`; Metrica takes nothing back."
        )
