"""The test oracle: the expected verdict of each mart row.

Imports nothing of the exporter. It restates the rules of Metrica's documentation for the
kinds of values that the campaign generates.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.row_generator import REFUSED_QUANTITY
from tests.faults.states import CREATED, STATUS, MartRow, State

Verdict = tuple[str, str | None]
"""`sent`, or `rejected` or `held` with a reason."""

SENT: Verdict = ("sent", None)
_REFUSED: Verdict = ("rejected", "refused_by_metrica")
_STATUS_UNKNOWN: Verdict = ("held", "status_unknown")
_DEFAULT_STATUSES = {"IN_PROGRESS", "PAID", "CANCELLED", "SPAM"}
_EPOCH = "1970-01-01"
_STATUS_TYPES = _DEFAULT_STATUSES | {"OTHER"}
_NAME = re.compile(r"[A-Za-z0-9_:-]{1,255}").fullmatch
_PHONE = re.compile(r"[1-9][0-9]{6,14}").fullmatch
_EMAIL = re.compile(r"[a-z0-9.]+@[a-z0-9.]+").fullmatch
_FUTURE = "2900"
"""Generated creation dates are either in the past or later than this year."""


@dataclass(frozen=True, slots=True)
class Context:
    """Facts outside the marts that a verdict depends on.

    - `verdicts`: the exporter's verdicts by mart and key. Rows with one id share them.
    - `accepted_contacts`: the contacts in uploads that the ledger records as PASSED.
    - `passed_statuses`: the order statuses that were PASSED at any time.
    - `refused_rows`: the rows that an injected fault may have refused.
    - `rows_with_date`: the rows whose creation date Metrica has.
    - `javascript_goals`: the counter's JavaScript goals, which are valid statuses.
    """

    verdicts: dict[tuple[str, str | None], list[Verdict]]
    accepted_contacts: frozenset[str]
    passed_statuses: frozenset[str]
    refused_rows: frozenset[tuple[str, str]]
    rows_with_date: frozenset[tuple[str, str]]
    javascript_goals: frozenset[str]


def expected_verdicts(
    marts: dict[str, list[MartRow]], context: Context
) -> Iterator[tuple[str, MartRow, set[Verdict]]]:
    """Yield mart, row and the set of possible verdicts for each row."""
    for mart, rows in marts.items():
        occurrences = Counter(row.key for row in rows)
        for row in rows:
            same_id = [row]
            if row.key is not None and occurrences[row.key] > 1:
                # Rows with one id share their verdicts.
                same_id = [other for other in rows if other.key == row.key]
            verdicts: set[Verdict] = {("held", "id_duplicated")} if len(same_id) > 1 else set()
            unknown = set[str]()
            for other in same_id:
                verdicts.update(_row_problems(mart, other))
                verdicts.update(_reference_problems(mart, other, marts, context))
                unknown |= _unknown_statuses(mart, other, context)
            if unknown:
                # A run may have sent the row while its statuses were mapped.
                may_be_sent = not verdicts and unknown <= context.passed_statuses
                verdicts.update({_STATUS_UNKNOWN, SENT} if may_be_sent else {_STATUS_UNKNOWN})
            if (mart, row.key) in context.refused_rows:
                verdicts.update({_REFUSED} if verdicts else {_REFUSED, SENT})
            yield mart, row, verdicts or {SENT}


def _row_problems(mart: str, row: MartRow) -> Iterator[Verdict]:
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


def _reference_problems(
    mart: str, row: MartRow, marts: dict[str, list[MartRow]], context: Context
) -> Iterator[Verdict]:
    if row.state.get(CREATED, "") > _FUTURE and (mart, row.key) not in context.rows_with_date:
        yield "held", "date_in_future"
    if mart != "orders" or row.key is None:
        return
    contact = row.state.get("client_uniq_id")
    if contact and SENT not in context.verdicts.get(("contacts", contact), []):
        if contact in context.accepted_contacts:
            return
        in_mart = any(other.key == contact for other in marts["contacts"])
        yield "held", "contact_unsendable" if in_mart else "contact_unknown"


def _unknown_statuses(mart: str, row: MartRow, context: Context) -> set[str]:
    if mart != "orders":
        return set()
    status = row.state.get(STATUS)
    statuses = {status} if status and _NAME(status) else set()
    statuses.update(row.status_path.split(",") if row.status_path else ())
    return {
        name
        for name in statuses - _DEFAULT_STATUSES - context.javascript_goals
        if SENT not in context.verdicts.get(("order_statuses", name), [])
    }
