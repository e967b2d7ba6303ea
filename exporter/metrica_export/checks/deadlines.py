"""The creation date to send, and the deadline after which Metrica ignores an order.

The SQL here reads the staged row as `s` and its delivered state as `p`.
"""

from metrica_export.metrica.formats import LINK_DAYS, UPDATE_DAYS
from metrica_export.warehouse.dbt_manifest import Mart

CREATED = "create_date_time"


def created(mart: Mart) -> str:
    """Return SQL for the creation date to send: the first delivered one, if there is one."""
    if not mart.has(CREATED):
        return "cast(null as timestamp)"
    return f"coalesce(p._created, s.{CREATED})"


def deadline_of(created_at: str, is_delivered: str) -> str:
    """Return SQL for the deadline after which Metrica ignores an order.

    Metrica ties a new order to visits of the last 21 days. It updates a delivered order for 111
    days from its visit, which was no later than the order itself (page "How to transmit customer
    and order data from a CRM").
    """
    return (
        f"{created_at} + case when {is_delivered} then interval '{UPDATE_DAYS} days' "
        f"else interval '{LINK_DAYS} days' end"
    )


def deadline(mart: Mart) -> str:
    """Return SQL for the deadline of a staged order, NULL for other entities."""
    if not mart.entity.has_deadline:
        return "cast(null as timestamp)"
    return deadline_of(created(mart), "p._delivered")
