"""Metrica's CRM import API for one counter, one method for each of its calls.

A file may be sent again after any failure: every row has an id, and merging an equal state
changes nothing (page "Data upload modes").
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metrica_export.errors import MetricaError
from metrica_export.metrica.access import Api
from metrica_export.metrica.answer import Answer, answer_of, is_name, listed, objects
from metrica_export.metrica.formats import (
    ORDER_STATUSES,
    PRODUCTS,
    SIMPLE_ORDERS,
    Attribute,
    Entity,
)
from metrica_export.metrica.http import RefusedFileError, Transport
from metrica_export.metrica.list_body import list_body
from metrica_export.metrica.patience import PATIENT, Patience

_DELIMITER_NAMES = {",": "COMMA", ";": "SEMICOLON"}
_POLLS = 5


@dataclass(frozen=True, slots=True)
class Status:
    """One order status of the mapping, with its type and goals (page "Order status mapping").

    The goals are in alphabetical order, since their order has no meaning. `source` is Metrica's
    name for the creator (USER, BITRIX, AUTO), None if unknown.
    """

    id: str
    type: str
    humanized: str = ""
    goal_action_ids: tuple[str, ...] = ()
    source: str | None = field(default=None, compare=False)


class Metrica:
    """The API for one counter. Raises MetricaError, or QuotaError if a quota is used up."""

    def __init__(self, api: Api, budget: int, patience: Patience = PATIENT) -> None:
        """Take the API and the number of requests that are left; the first call connects."""
        self._api = api
        self._base = f"/cdp/api/v1/counter/{api.counter_id}"
        self._transport = Transport(api, budget, patience)
        self._call = self._transport.call

    @property
    def requests(self) -> int:
        """The number of requests that were made, including retries."""
        return self._transport.requests

    def time_zone(self) -> str:
        """Return the IANA name of the counter's time zone (page "Counter information")."""
        url = f"/management/v1/counter/{self._api.counter_id}"
        counter = self._call("GET", url).get("counter")
        zone = counter.get("time_zone_name") if isinstance(counter, dict) else None
        if not isinstance(zone, str):
            raise MetricaError(
                f"Metrica's answer about counter {self._api.counter_id} has no time_zone_name. "
                f"Check that {self._api.url} is Metrica's API."
            )
        return zone

    def collects_first_party_data(self) -> bool | None:
        """Return the counter's flag collect_first_party_data, None if the answer lacks it.

        Source: page "Counter information".
        """
        url = f"/management/v1/counter/{self._api.counter_id}"
        counter = self._call("GET", url, params={"field": "counter_flags"}).get("counter")
        flags = counter.get("counter_flags") if isinstance(counter, dict) else None
        found = flags.get("collect_first_party_data") if isinstance(flags, dict) else None
        return found if isinstance(found, bool) else None

    def goals(self) -> frozenset[str]:
        """Return the ids of the counter's JavaScript goals, as pages send them.

        A JavaScript goal has the type action, and its id is the text of its exact condition. The
        CRM import does not use Metrica's number of a goal (page "List of goals").
        """
        url = f"/management/v1/counter/{self._api.counter_id}/goals"
        return frozenset(
            condition["url"]
            for goal in listed(self._call("GET", url), "goals")
            if goal.get("type") == "action"
            for condition in objects(goal, "conditions")
            if condition.get("type") == "exact" and is_name(condition.get("url"))
        )

    def crm_goals(self) -> dict[str, int]:
        """Return type → number of the goals that Metrica creates for CRM orders.

        The types begin with `cdp_order_`. No page has them. Metrica creates these goals when it
        processes the first upload.
        """
        url = f"/management/v1/counter/{self._api.counter_id}/goals"
        return {
            goal["type"]: goal["id"]
            for goal in listed(self._call("GET", url), "goals")
            if str(goal.get("type")).startswith("cdp_order_") and type(goal.get("id")) is int
        }

    def clock_ahead(self) -> float | None:
        """Return the seconds by which Metrica's clock is ahead of this machine's.

        The source is the date of the latest answer; None if no answer had a date.
        """
        return self._transport.ahead

    def attributes(self, entity_type: str) -> dict[str, str | None]:
        """Return name → type of the custom attributes of CONTACT or ORDER.

        Source: page "Information about all attributes".
        """
        url = f"{self._base}/schema/attributes"
        found = self._call("GET", url, params={"entity_type": entity_type})
        custom = objects(found, "custom_attributes")
        return {a["name"]: a.get("type_name") for a in custom if isinstance(a.get("name"), str)}

    def create_attributes(self, entity_type: str, missing: list[Attribute]) -> None:
        """Create custom attributes (page "Creating attributes")."""
        body = [
            {
                "name": a.name,
                "type_name": a.type_name,
                "humanized": a.humanized,
                "multivalued": a.multivalued,
            }
            for a in missing
        ]
        url = f"{self._base}/schema/attributes"
        self._accept(
            self._call("POST", url, params={"entity_type": entity_type}, body={"attributes": body})
        )

    def statuses(self) -> list[Status]:
        """Return Metrica's mapping of order statuses (page "List of mapped order statuses").

        Metrica does not document whether the list has the default ids before they are mapped.
        """
        found = self._call("GET", f"{self._base}/schema/order_statuses")
        return [_status(s) for s in listed(found, "order_statuses") if isinstance(s.get("id"), str)]

    def put_statuses(self, statuses: list[dict[str, Any]]) -> None:
        """Map the order statuses, always with the full list (page "Order status mapping")."""
        body = list_body(ORDER_STATUSES, statuses)
        self._accept(self._call("POST", f"{self._base}/schema/order_statuses", body=body))

    def put_products(self, items: list[dict[str, Any]]) -> None:
        """Create or rename at most `formats.MAX_CATALOGUE` products.

        Source: page "Creating a product list".
        """
        body = list_body(PRODUCTS, items)
        self._accept(self._call("POST", f"{self._base}/schema/products", body=body))

    def upload(self, entity: Entity, columns: list[str], path: Path, merge_mode: str) -> Answer:
        """Upload a file of rows. A file that Metrica refuses with HTTP 400 is FAILED, too.

        `columns` is the file's header, with Metrica's names. A CSV file is streamed.

        Sources: pages "Uploading customer data (CSV)", "Uploading orders (CSV)", "Uploading
        simplified data about customers and orders (CSV)", "Uploading customer data (JSON)",
        "Uploading orders (JSON)".
        """
        kind = path.suffix.removeprefix(".")
        url = f"{self._base}/data/{entity.name}"
        params = {"merge_mode": merge_mode}
        if entity is not SIMPLE_ORDERS:
            url += f"/{kind}"
        if kind == "csv":
            params["delimiter_type"] = _DELIMITER_NAMES[entity.delimiter]
        if kind == "csv" and entity is not SIMPLE_ORDERS:
            params["columns_mapping"] = ",".join(f'"{name}":"{name}"' for name in columns)
        try:
            body = self._call("POST", url, params=params, file=path)
        except RefusedFileError as refused:
            return Answer("unknown" if refused.doubtful else "FAILED", None)
        doubtful = self._transport.doubtful
        answer = self._settle(body)
        if answer.status == "FAILED" and doubtful:
            # Metrica may have accepted an earlier attempt, which the answer's id does not cover.
            return Answer("unknown", None)
        return answer

    def outcomes(self) -> dict[str, Answer]:
        """Return id → answer of the latest uploads of rows, at most 1,000.

        Source: page "Information about the latest uploads".
        """
        found = self._call(
            "GET", f"{self._base}/last_uploadings", params={"limit": "1000", "source": "API"}
        )
        # The list may have uploads of product lists, whose own answers have no id.
        found_uploads = objects(found, "uploadings")
        uploads = [u for u in found_uploads if not str(u.get("entity_type")).endswith("_LIST")]
        answers = map(answer_of, uploads)
        return {answer.uploading_id: answer for answer in answers if answer.uploading_id}

    def _settle(self, body: dict[str, Any]) -> Answer:
        answer = answer_of(body.get("uploading"))
        for _ in range(_POLLS):
            if answer.status != "unknown" or answer.uploading_id is None:
                break
            # A third status is not documented, so the list of uploads may have the outcome.
            time.sleep(1)
            try:
                answer = self.outcomes().get(answer.uploading_id, answer)
            except MetricaError:
                # An error of the list says nothing about the upload. A later run looks it up.
                break
        return answer

    def _accept(self, body: dict[str, Any]) -> None:
        if body.get("success") is not True:
            error = MetricaError(
                "Metrica answered 200 to a change of the schema, but without `success: true`. "
                "Check that --api-url is Metrica's API, and rerun."
            )
            # Metrica may have made the change anyway.
            error.doubtful = True
            raise error


def _status(found: dict[str, Any]) -> Status:
    goals = found.get("goal_action_ids")
    ids = goals if isinstance(goals, list) else [goals]
    # The page "List of mapped order statuses" has had both names for it.
    source = found.get("order_status_source") or found.get("source")
    return Status(
        id=found["id"],
        type=str(found.get("type") or ""),
        humanized=str(found.get("humanized") or ""),
        goal_action_ids=tuple(sorted({str(goal) for goal in ids if goal})),
        source=None if source is None else str(source),
    )
