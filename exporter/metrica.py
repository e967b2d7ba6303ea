"""Metrica's CRM import API for one counter, one method for each of its calls.

A file may be sent again after any failure: every row has an id, and merging the same
state twice changes nothing (modes).
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from exporter.access import Api
from exporter.errors import MetricaError
from exporter.manifest import Attribute
from exporter.marts import Entity
from exporter.transport import RefusedFileError, Transport

MERGE_MODE = "SAVE"
"""Each row is sent whole, so what it leaves empty is empty in Metrica too (modes)."""

_DELIMITER_NAMES = {",": "COMMA", ";": "SEMICOLON"}
_POLLS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What Metrica said of an upload.

    PASSED and FAILED are Metrica's own words; `unknown` is any other answer. `errors` may
    repeat what is in the rows: it goes nowhere but through `redaction`.
    """

    status: Literal["PASSED", "FAILED", "unknown"]
    uploading_id: str | None
    errors: str = field(default="", repr=False)


class Metrica:
    """The API for one counter. Raises MetricaError; QuotaError when the day is used up."""

    def __init__(self, api: Api, budget: int) -> None:
        """Open nothing yet; the first call connects. `budget` is how many requests are left."""
        self._api = api
        self._base = f"/cdp/api/v1/counter/{api.counter_id}"
        self._transport = Transport(api, budget)
        self._call = self._transport.call

    @property
    def requests(self) -> int:
        """How many requests were made, retries included."""
        return self._transport.requests

    def time_zone(self) -> str:
        """Return the IANA name of the counter's time zone (counter)."""
        url = f"/management/v1/counter/{self._api.counter_id}"
        counter = self._call("GET", url).get("counter")
        zone = counter.get("time_zone_name") if isinstance(counter, dict) else None
        if not isinstance(zone, str):
            raise MetricaError(
                f"Metrica's answer about counter {self._api.counter_id} has no time_zone_name; "
                f"is {self._api.url} Metrica's API?"
            )
        return zone

    def attributes(self, entity_type: str) -> dict[str, str | None]:
        """Return name → type of the custom attributes of CONTACT or ORDER (getAttributes)."""
        url = f"{self._base}/schema/attributes"
        found = self._call("GET", url, params={"entity_type": entity_type})
        custom = _objects(found, "custom_attributes")
        return {a["name"]: a.get("type_name") for a in custom if isinstance(a.get("name"), str)}

    def create_attributes(self, entity_type: str, missing: list[Attribute]) -> None:
        """Create custom attributes (createAttributes)."""
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

    def put_statuses(self, statuses: list[dict[str, Any]]) -> None:
        """Map the order statuses; always the full list (mapOrderStatuses)."""
        self._accept(
            self._call(
                "POST", f"{self._base}/schema/order_statuses", body={"order_statuses": statuses}
            )
        )

    def put_products(self, items: list[dict[str, Any]]) -> None:
        """Create or rename products, at most `marts.MAX_CATALOGUE` (createProducts)."""
        self._accept(
            self._call(
                "POST", f"{self._base}/schema/products", body={"attributes": [], "items": items}
            )
        )

    def upload(self, entity: Entity, columns: list[str], path: Path) -> Answer:
        """Upload a CSV file of contacts or orders (uploadContacts, uploadOrders).

        `columns` are the file's header, which are Metrica's own names. The file is
        streamed. A file that Metrica refuses as a whole with HTTP 400 is FAILED too.
        """
        url = f"{self._base}/data/{entity.name}/csv"
        params = {
            "merge_mode": MERGE_MODE,
            "delimiter_type": _DELIMITER_NAMES[entity.delimiter],
            "columns_mapping": ",".join(f'"{name}":"{name}"' for name in columns),
        }
        try:
            return self._settle(self._call("POST", url, params=params, file=path))
        except RefusedFileError:
            return Answer("FAILED", None)

    def outcomes(self) -> dict[str, Answer]:
        """Return the latest uploads by their id (getLastUploadings), at most 1,000."""
        found = self._call(
            "GET", f"{self._base}/last_uploadings", params={"limit": "1000", "source": "API"}
        )
        answers = map(_answer, _objects(found, "uploadings"))
        return {answer.uploading_id: answer for answer in answers if answer.uploading_id}

    def _settle(self, body: dict[str, Any]) -> Answer:
        answer = _answer(body.get("uploading"))
        for _ in range(_POLLS):
            if answer.status != "unknown" or answer.uploading_id is None:
                break
            # No page knows of a third status, so the list is asked before it counts as lost.
            time.sleep(1)
            answer = self.outcomes().get(answer.uploading_id, answer)
        return answer

    def _accept(self, body: dict[str, Any]) -> None:
        if body.get("success") is not True:
            raise MetricaError(
                "Metrica answered 200 to a change of the schema, but not `success: true`."
            )


def _objects(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = body.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _answer(uploading: object) -> Answer:
    if not isinstance(uploading, dict):
        return Answer("unknown", None)
    known = uploading.get("uploading_id")
    identifier = str(known) if known and isinstance(known, str | int) else None
    status = uploading.get("api_validation_status")
    if status == "FAILED":
        errors = uploading.get("api_validation_errors")
        texts = errors if isinstance(errors, list) else []
        return Answer(status, identifier, " ".join(map(str, texts)))
    if status == "PASSED" and identifier:
        return Answer(status, identifier)
    return Answer("unknown", identifier)
