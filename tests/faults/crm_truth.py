"""What the CRM's own tables say, without dbt's or the exporter's help, against Metrica."""

from collections.abc import Iterator
from itertools import groupby

from tests.faults.crm import Crm
from tests.faults.states import STATUS, State
from tests.faults.walk import missing


def differences(
    crm: Crm, metrica: dict[str, dict[str, State]], told: dict[str, list[str]], unsent: set[str]
) -> Iterator[tuple[str, str]]:
    """Compare the CRM as it is now with what Metrica holds, and was `told` of orders.

    Rows that may be `unsent`, since a fault made Metrica refuse them, are left out.
    """
    for order, way in crm.ways.items():
        once = [status for status, _ in groupby(way)]
        if order not in unsent and (status := missing(once, iter(told.get(order, [])))):
            yield "order", f"order {order} of the CRM went through {status} unseen"
    query = "select order_id, contact_id, status, revenue, currency from crm.orders"
    for number, contact, status, revenue, currency in crm.marts.sql(query):
        should = {
            "client_uniq_id": contact,
            STATUS: status,
            "revenue": round(float(revenue), 2),
            "currency": currency or "RUB",
        }
        if str(number) not in unsent and _differs(metrica["orders"].get(str(number)), should):
            yield "state", f"order {number} of the CRM is not in Metrica as it is"
    for contact, name, mail, phone in crm.marts.sql(
        "select contact_id, full_name, email, phone from crm.contacts"
    ):
        digits = "7" + "".join(filter(str.isdigit, phone))[1:]
        should = {"name": name, "emails": [mail.strip().lower()], "phones": [digits]}
        if contact not in unsent and _differs(metrica["contacts"].get(contact), should):
            yield "state", f"contact {contact} of the CRM is not in Metrica as it is"


def _differs(found: State | None, should: State) -> bool:
    return {name: (found or {}).get(name) for name in should} != should
