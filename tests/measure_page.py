"""The output of `measure` on its page. `python -m tests.measure_page` writes it.

The figures are those of the demo's present month with 2,000 contacts, on 2026-11-28.
"""

import io
from contextlib import redirect_stdout
from datetime import date
from decimal import Decimal

from metrica_export.cli.measuring import show
from metrica_export.commands.measure.cohorts import Cohort
from metrica_export.commands.measure.result import MeasuredCohort, Result
from metrica_export.commands.measure.tied import BY_TYPE, ORDERS, PROFIT, REVENUE, Tied
from metrica_export.ledger.delivered_orders import OrderCount
from metrica_export.review.forecast import Rates

from tests.page_block import DOCS, PageBlock

BLOCK = PageBlock(DOCS / "how-to" / "measure-the-match-rate.md", "measure")

_MONTH = date(2026, 11, 1)
_TIED = {"in_progress": 31.0, "paid": 197.0, "cancelled": 47.0, "spam": 20.0}
_REACHED = {
    "cdp_order_cancelled": (49.0, 53.0),
    "cdp_order_in_progress": (216.0, 295.0),
    "cdp_order_paid": (169.0, 204.0),
    "cdp_order_spam": (20.0, 20.0),
}
"""CRM goals: visits, and how often they were reached."""


def shown() -> str:
    """Return the block of the page, as it must be."""
    counts = [
        OrderCount(_MONTH, "in_progress", "client_id", 119, 110, Decimal(0)),
        OrderCount(_MONTH, "paid", "client_id", 565, 426, Decimal("17113220.50")),
        OrderCount(_MONTH, "paid", "phone", 339, 274, Decimal(0)),
        OrderCount(_MONTH, "paid", "email", 19, 15, Decimal(0)),
        OrderCount(_MONTH, "paid", "none", 1, 0, Decimal(0)),
        OrderCount(_MONTH, "cancelled", "client_id", 246, 173, Decimal(0)),
        OrderCount(_MONTH, "spam", "client_id", 56, 45, Decimal(0)),
    ]
    tied = {ORDERS: 295.0, REVENUE: 3687887.0, PROFIT: 1676088.63}
    tied |= {BY_TYPE[kind]: n for kind, n in _TIED.items()}
    for number, (visits, reaches) in enumerate(_REACHED.values()):
        tied |= {f"ym:s:goal{number}visits": visits, f"ym:s:goal{number}reaches": reaches}
    rates = Rates(dict.fromkeys(("client_id", "phone", "email"), 0.2798), ())
    goals = {name: number for number, name in enumerate(_REACHED)}
    month = MeasuredCohort(Cohort(_MONTH), counts, Tied(tied, tied), rates, goals)
    found = Result(12345678, "Europe/Moscow", [month])
    with redirect_stdout(io.StringIO()) as out:
        show(found)
    tables = out.getvalue().partition("How to read the rate:")[0]
    lines = "\n".join(line.rstrip() for line in tables.splitlines())
    return f"```\n{lines}\n```"


if __name__ == "__main__":
    BLOCK.write(shown())
