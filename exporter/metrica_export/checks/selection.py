"""The selection of `--limit`: a small delivery of whole orders, spread over their statuses."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from metrica_export.checks.sendable import count_sendable, rows
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.metrica.formats import CONTACTS
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import SELECTED, STAGED


def select(
    wh: Attached, marts: Sequence[StagedMart], limit: int
) -> Iterator[tuple[StagedMart, StagedMart]]:
    """Fill `selected`; yield each mart that it limits, before and after.

    Of each status that orders reach, equally many are selected, as far as there are so many. Within
    a status, orders that Metrica still ties to a visit come first, the others in an order that is
    arbitrary and always the same. The contacts of the selected orders are selected, too. Reference
    lists are not limited, because they are sent whole.
    """
    orders = next(staged for staged in marts if staged.mart.entity.has_status)
    if not count_sendable(wh, orders):
        wh.run(SELECTED.create_empty(orders.name))
    else:
        statement = render(
            __package__,
            "selected_orders",
            selected=orders.of(SELECTED),
            rows=rows(orders),
            now=orders.now,
            most=limit,
        )
        wh.run(statement)
    limited = [orders]
    contacts = next((staged for staged in marts if staged.mart.entity is CONTACTS), None)
    if contacts is not None and orders.mart.entity.needs_contact and contacts.rows:
        statement = render(
            __package__,
            "selected_contacts",
            selected=contacts.of(SELECTED),
            rows=rows(contacts),
            orders=orders.of(STAGED),
            selected_orders=orders.of(SELECTED),
        )
        wh.run(statement)
        limited.insert(0, contacts)
    for staged in limited:
        after = replace(staged, is_limited=True)
        if count_sendable(wh, after) < count_sendable(wh, staged):
            yield staged, after
