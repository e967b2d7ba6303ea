"""Which goals an order reaches, and with what revenue (simple-orders-prep, contacts)."""

from metrica_emulator.catalogue import Status
from metrica_emulator.stage import Values

CREATED = "CRM: Order created"
PAID = "CRM: Order paid"
CANCELLED = "CRM: Order cancelled"
SPAM = "CRM: Spam order"

OF_TYPE = {
    "cdp_order_in_progress": CREATED,
    "cdp_order_paid": PAID,
    "cdp_order_spam": SPAM,
    "cdp_order_cancelled": CANCELLED,
}
"""Metrica's own four goals, by their type in the list of goals (goals)."""

_BY_TYPE = {
    "IN_PROGRESS": (CREATED,),
    "PAID": (CREATED, PAID),
    "CANCELLED": (CANCELLED,),
    "SPAM": (SPAM,),
}
_DISPUTED = ("CANCELLED", "SPAM")


def reached(order: Values, status: Status, *, cancel_spam: bool) -> dict[str, float | None]:
    """Return the goals of an order in this state, with their revenue or None.

    A goal's own price wins; any other goal is worth revenue minus cost.
    """
    worth = _worth(order)
    crm = () if status.type in _DISPUTED and not cancel_spam else _BY_TYPE.get(status.type, ())
    goals: dict[str, float | None] = dict.fromkeys((*crm, *status.goals), worth)
    for goal, price in order.get("goals", {}).items():
        goals[goal] = worth if price is None else price
    return goals


def _worth(order: Values) -> float | None:
    if "revenue" not in order:
        return None
    # Binary fractions leave dust like 0.30000000000000004.
    return float(round(order["revenue"] - order.get("cost", 0), 6))
