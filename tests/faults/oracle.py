"""What should have become of every row of the marts, from Metrica's rules and nothing else.

Imports nothing of the exporter; the rules are restated from Metrica's documentation for
the kinds of values that the campaign makes.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.row_generator import REFUSED_QUANTITY
from tests.faults.states import CREATED, STATUS, MartRow, State

Verdict = tuple[str, str | None]
"""`sent`, `rejected` or `held`, and the reason of the latter two."""

SENT: Verdict = ("sent", None)
_REFUSED: Verdict = ("rejected", "refused_by_metrica")
_UNKNOWN: Verdict = ("held", "status_unknown")
_DEFAULT_STATUSES = {"IN_PROGRESS", "PAID", "CANCELLED", "SPAM"}
_EPOCH = "1970-01-01"
_STATUS_TYPES = _DEFAULT_STATUSES | {"OTHER"}
_NAME = re.compile(r"[A-Za-z0-9_:-]{1,255}").fullmatch
_PHONE = re.compile(r"[1-9][0-9]{6,14}").fullmatch
_EMAIL = re.compile(r"[a-z0-9.]+@[a-z0-9.]+").fullmatch
_FUTURE = "2900"
"""Creation dates of the campaign are long past, or later than this."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rows themselves do not say: `told` is the exporter's own word for each row.

    `reached` contacts Metrica is known to have taken, in whatever state, and `once` the
    statuses. `refused` rows had been refused by a fault that was asked for. Of `dated` rows
    Metrica has the creation date. `goals` are the counter's JavaScript goals.
    """

    told: dict[tuple[str, str | None], list[Verdict]]
    reached: frozenset[str]
    once: frozenset[str]
    refused: frozenset[tuple[str, str]]
    dated: frozenset[tuple[str, str]]
    goals: frozenset[str]


def expected(
    marts: dict[str, list[MartRow]], around: Surroundings
) -> Iterator[tuple[str, MartRow, set[Verdict]]]:
    """Yield every row with the verdicts that it may have."""
    for mart, rows in marts.items():
        times = Counter(row.key for row in rows)
        for row in rows:
            twins = [row]
            if row.key is not None and times[row.key] > 1:
                # What is told of one of these rows is told under the id of all of them.
                twins = [twin for twin in rows if twin.key == row.key]
            verdicts: set[Verdict] = {("held", "id_duplicated")} if len(twins) > 1 else set()
            unknown = set[str]()
            for twin in twins:
                verdicts.update(_own_problems(mart, twin))
                verdicts.update(_problems_around(mart, twin, marts, around))
                unknown |= _unknown_statuses(mart, twin, around)
            if unknown:
                # It may have gone while its statuses were mapped.
                may_be_there = not verdicts and unknown <= around.once
                verdicts.update({_UNKNOWN, SENT} if may_be_there else {_UNKNOWN})
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
    if not row.steps:
        yield "rejected", "path_malformed"


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
    if state.get("birth_date", _EPOCH) < _EPOCH:
        yield "date_out_of_range"


def _order_problems(state: State) -> Iterator[str]:
    if not all(state.get(column) for column in (STATUS, "client_uniq_id", CREATED)):
        yield "value_missing"
    if state.get(CREATED, _EPOCH) < _EPOCH:
        yield "date_out_of_range"
    if STATUS in state and not _NAME(state[STATUS]):
        yield "name_malformed"
    if REFUSED_QUANTITY in state.get("products", {}).values():
        yield "refused_by_metrica"
    currency = state.get("currency", "RUB")
    if currency != currency.upper():
        yield "currency_unknown"
    if not all(isinstance(n, int) and n > 0 for n in state.get("products", {}).values()):
        yield "products_malformed"


def _problems_around(
    mart: str, row: MartRow, marts: dict[str, list[MartRow]], around: Surroundings
) -> Iterator[Verdict]:
    if row.state.get(CREATED, "") > _FUTURE and (mart, row.key) not in around.dated:
        yield "held", "date_in_future"
    if mart != "orders" or row.key is None:
        return
    contact = row.state.get("client_uniq_id")
    if contact and SENT not in around.told.get(("contacts", contact), []):
        if contact in around.reached:
            return
        in_mart = any(other.key == contact for other in marts["contacts"])
        yield "held", "contact_unsendable" if in_mart else "contact_unknown"


def _unknown_statuses(mart: str, row: MartRow, around: Surroundings) -> set[str]:
    if mart != "orders":
        return set()
    status = row.state.get(STATUS)
    found = {status} if status and _NAME(status) else set()
    found.update(row.path.split(",") if row.path else ())
    return {
        each
        for each in found - _DEFAULT_STATUSES - around.goals
        if SENT not in around.told.get(("order_statuses", each), [])
    }
