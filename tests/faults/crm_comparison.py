"""The CRM tables compared with Metrica, without dbt and the exporter."""

from collections.abc import Iterator
from itertools import groupby

from tests.faults.crm import Crm
from tests.faults.delivery_progress import first_missing
from tests.faults.states import STATUS, State


def differences(
    crm: Crm,
    metrica: dict[str, dict[str, State]],
    delivered_statuses: dict[str, list[str]],
    undelivered: set[str],
) -> Iterator[tuple[str, str]]:
    """Yield each difference between the CRM and Metrica's objects, as invariant and message.

    `delivered_statuses` are the statuses of each order in the order of delivery. The ids in
    `undelivered` are skipped, because their rows are rejected or held.
    """
    for order, path in crm.status_paths.items():
        distinct = [status for status, _ in groupby(path)]
        delivered = iter(delivered_statuses.get(order, []))
        if order not in undelivered and (status := first_missing(distinct, delivered)):
            yield "sequence", f"CRM order {order}: Metrica did not get status {status} in its turn"
    query = "select order_id, contact_id, status, revenue, currency from crm.orders"
    for number, contact, status, revenue, currency in crm.marts.sql(query):
        expected = {
            "client_uniq_id": contact,
            STATUS: status,
            "revenue": round(float(revenue), 2),
            "currency": currency or "RUB",
        }
        observed = metrica["orders"].get(str(number))
        if str(number) not in undelivered and _differs(observed, expected):
            yield "state", f"CRM order {number} differs from Metrica's order"
    for contact, name, email, phone in crm.marts.sql(
        "select contact_id, full_name, email, phone from crm.contacts"
    ):
        digits = "7" + "".join(filter(str.isdigit, phone))[1:]
        expected = {"name": name, "emails": [email.strip().lower()], "phones": [digits]}
        observed = metrica["contacts"].get(contact)
        if contact not in undelivered and _differs(observed, expected):
            yield "state", f"CRM contact {contact} differs from Metrica's contact"


def _differs(observed: State | None, expected: State) -> bool:
    return {name: (observed or {}).get(name) for name in expected} != expected
