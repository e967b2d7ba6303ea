"""The JSON body of a reference list."""

from typing import Any

from metrica_export.metrica.formats import ORDER_STATUSES, Entity


def list_body(entity: Entity, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the body for the items of a reference list, or of a part of it.

    Sources: pages "Order status mapping", "Creating a product list".
    """
    if entity is ORDER_STATUSES:
        return {"order_statuses": items}
    return {"attributes": [], "items": items}
