"""What should have become of every row of the marts, from Metrica's rules and nothing else.

Imports nothing of the exporter; the rules are restated from Metrica's documentation for
the kinds of values that the campaign makes.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.reading import MartRow, State
from tests.faults.rows import POISON_CURRENCY

Verdict = tuple[str, str | None]
"""`sent`, `rejected` or `held`, and the reason of the latter two."""

SENT: Verdict = ("sent", None)
_REFUSED: Verdict = ("rejected", "refused_by_metrica")
_DEFAULT_STATUSES = {"IN_PROGRESS", "PAID", "CANCELLED", "SPAM"}
_STATUS_TYPES = _DEFAULT_STATUSES | {"OTHER"}
_NAME = re.compile(r"[A-Za-z0-9_:-]{1,255}").fullmatch
_PHONE = re.compile(r"[1-9][0-9]{6,14}").fullmatch
_EMAIL = re.compile(r"[a-z0-9.]+@[a-z0-9.]+").fullmatch
_KEYS = {"order_statuses": "id", "products": "name", "contacts": "uniq_id", "orders": "id"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rows themselves do not say: `told` is the exporter's own word for each row.

    `reached` holds what Metrica is known to have taken of contacts and statuses, in
    whatever state; `refused` rows had been refused by a fault that was asked for.
    """

    told: dict[tuple[str, str | None], list[Verdict]]
    reached: dict[str, frozenset[str]]
    refused: frozenset[tuple[str, str]]


def expected(
    marts: dict[str, list[MartRow]], around: Surroundings
) -> Iterator[tuple[str, MartRow, set[Verdict]]]:
    """Yield every row with the verdicts that it may have."""
    for mart, rows in marts.items():
        times = Counter(row.key for row in rows)
        for row in rows:
            verdicts: set[Verdict] = set(_own_problems(mart, row))
            if row.key is not None and times[row.key] > 1:
                verdicts.add(("held", "id_duplicated"))
                # What is told of one of these rows is told under the id of all of them.
                for twin in rows:
                    if twin.key == row.key:
                        verdicts.update(_own_problems(mart, twin))
            if mart == "orders" and row.key is not None:
                verdicts.update(_problems_around(row.state, marts, around))
            if (mart, row.key) in around.refused:
                verdicts.update({_REFUSED} if verdicts else {_REFUSED, SENT})
            yield mart, row, verdicts or {SENT}


def _own_problems(mart: str, row: MartRow) -> Iterator[Verdict]:
    state = row.state
    if row.key is None:
        yield "rejected", "value_missing"
    if row.row_hash is None:
        yield "rejected", "hash_missing"
    checks = {
        "order_statuses": _status_problems,
        "products": _product_problems,
        "contacts": _contact_problems,
        "orders": _order_problems,
    }
    for reason in checks[mart](state):
        yield "rejected", reason


def _status_problems(state: State) -> Iterator[str]:
    if state.get("type") not in _STATUS_TYPES:
        yield "type_unknown"


def _product_problems(state: State) -> Iterator[str]:
    if len(state.get("humanized", "")) > 4096:
        yield "humanized_too_long"


def _contact_problems(state: State) -> Iterator[str]:
    if not all(map(_PHONE, state.get("phones", ()))):
        yield "phones_malformed"
    if not all(map(_EMAIL, state.get("emails", ()))):
        yield "emails_malformed"
    if state.get("birth_date", "1970-01-01") < "1970-01-01":
        yield "date_out_of_range"


def _order_problems(state: State) -> Iterator[str]:
    if not state.get("order_status") or not state.get("client_uniq_id"):
        yield "value_missing"
    elif not _NAME(state["order_status"]):
        yield "name_malformed"
    currency = state.get("currency", "RUB")
    if currency == POISON_CURRENCY:
        yield "refused_by_metrica"
    elif currency != currency.upper():
        yield "currency_malformed"
    if not all(isinstance(n, int) and n > 0 for n in state.get("products", {}).values()):
        yield "products_malformed"


def _problems_around(
    state: State, marts: dict[str, list[MartRow]], around: Surroundings
) -> Iterator[Verdict]:
    status, contact = state.get("order_status"), state.get("client_uniq_id")
    if status and _NAME(status) and status not in _DEFAULT_STATUSES:
        told = around.told.get(("order_statuses", status), [])
        if SENT not in told and status not in around.reached["order_statuses"]:
            yield "held", "status_unknown"
    if contact and SENT not in around.told.get(("contacts", contact), []):
        if contact in around.reached["contacts"]:
            return
        in_mart = any(row.key == contact for row in marts["contacts"])
        yield "held", "contact_unsendable" if in_mart else "contact_unknown"
