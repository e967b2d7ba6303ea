"""Metrica's CRM import API: one method a call, and one place where its errors become ours.

What is tried again, by the HTTP status of the answer (errors, quotas):

| answer | again? |
|---|---|
| no connection, cut connection, no answer in time | yes, with jittered back-off |
| 409, 500 and above | yes, with jittered back-off |
| 420, 429 | yes, after Retry-After if given; not when the quota of the day is used up |
| 401, 403, 404, other 4xx | no |

A file may be sent again after any failure: every row has an id, and merging the same
state twice changes nothing (modes).
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

import requests
import stamina

from exporter.config import Api
from exporter.errors import MetricaError, QuotaError
from exporter.manifest import Attribute
from exporter.marts import Entity

MERGE_MODE = "SAVE"
"""Each row is sent whole, so what it leaves empty is empty in Metrica too (modes)."""

_DELIMITER_NAMES = {",": "COMMA", ";": "SEMICOLON"}
_DAILY = {"quota_requests_by_uid", "quota_requests_by_counter_id"}
_GAP = 1 / 20  # of 30 requests a second (quotas)
_TIMEOUT = (10, 300)
_ATTEMPTS = 6
_POLLS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What Metrica said of an upload.

    PASSED and FAILED are Metrica's own words; `unknown` is any other answer. Error texts
    are not kept: they may repeat what is in the rows.
    """

    status: Literal["PASSED", "FAILED", "unknown"]
    uploading_id: str | None


class _TryAgain(MetricaError):
    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class _Token(requests.auth.AuthBase):
    """An auth object keeps `requests` from reading ~/.netrc and putting that in its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"OAuth {self._token}"
        return request


class Metrica:
    """The API for one counter. Raises MetricaError; QuotaError when the day is used up."""

    def __init__(self, api: Api) -> None:
        """Open nothing yet; the first call connects."""
        self._api = api
        self._base = f"{api.url}/cdp/api/v1/counter/{api.counter_id}"
        self._session = requests.Session()
        self._session.auth = _Token(api.token)
        self._last = 0.0
        self.requests = 0

    def time_zone(self) -> str:
        """Return the IANA name of the counter's time zone (counter)."""
        url = f"{self._api.url}/management/v1/counter/{self._api.counter_id}"
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
        custom = found.get("custom_attributes") or []
        return {a["name"]: a.get("type_name") for a in custom if isinstance(a, dict)}

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
        except _RefusedFile:
            return Answer("FAILED", None)

    def _settle(self, body: dict[str, Any]) -> Answer:
        answer = _answer(body.get("uploading"))
        for _ in range(_POLLS):
            if answer.status != "unknown" or answer.uploading_id is None:
                break
            # No page knows of a third status, so the list is asked before it counts as lost.
            time.sleep(1)
            found = self._call(
                "GET", f"{self._base}/last_uploadings", params={"limit": "1000", "source": "API"}
            )
            for uploading in found.get("uploadings") or []:
                if _answer(uploading).uploading_id == answer.uploading_id:
                    answer = _answer(uploading)
        return answer

    def _accept(self, body: dict[str, Any]) -> None:
        if body.get("success") is not True:
            raise MetricaError(
                "Metrica answered 200 to a change of the schema, but not `success: true`."
            )

    def _call(
        self,
        method: str,
        url: str,
        *,
        params: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        file: Path | None = None,
    ) -> dict[str, Any]:
        what = f"{method} {urlsplit(url).path}"
        for attempt in stamina.retry_context(
            on=_back_off, attempts=_ATTEMPTS, timeout=600, wait_initial=1, wait_max=30
        ):
            with attempt:
                self._pace()
                self.requests += 1
                upload = None if file is None else _Multipart(file)
                headers = {} if upload is None else {"Content-Type": upload.content_type}
                try:
                    response = self._session.request(
                        method,
                        url,
                        params=params,
                        json=body,
                        data=upload,
                        headers=headers,
                        timeout=_TIMEOUT,
                        allow_redirects=False,
                    )
                except requests.RequestException as error:
                    raise _TryAgain(
                        f"{what}: no answer from {self._api.url} ({type(error).__name__}); "
                        "check the network and --api-url."
                    ) from None
                return _read(what, response)
        raise AssertionError("retry_context returns or raises")

    def _pace(self) -> None:
        time.sleep(max(0.0, self._last + _GAP - time.monotonic()))
        self._last = time.monotonic()


class _RefusedFile(MetricaError):
    pass


class _Multipart:
    """One file as a multipart body that is read from disk while it is sent (uploadContacts).

    `requests` itself would hold the whole file in memory.
    """

    def __init__(self, path: Path) -> None:
        boundary = uuid4().hex
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._path = path
        self._head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{path.name}"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        return len(self._head) + self._path.stat().st_size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._path.open("rb") as file:
            while block := file.read(1 << 20):
                yield block
        yield self._tail


def _back_off(error: Exception) -> bool | float:
    if not isinstance(error, _TryAgain):
        return False
    return True if error.wait is None else error.wait


def _answer(uploading: object) -> Answer:
    if not isinstance(uploading, dict):
        return Answer("unknown", None)
    identifier = uploading.get("uploading_id") or None
    status = uploading.get("api_validation_status")
    if status == "FAILED" or (status == "PASSED" and identifier):
        return Answer(status, identifier)
    return Answer("unknown", identifier)


def _read(what: str, response: requests.Response) -> dict[str, Any]:
    """Return the body of a 200; raise what the answer means otherwise (errors, quotas)."""
    body = _json(response)
    status = response.status_code
    if status == 200:
        return body
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    kind = str(first.get("error_type", "")) if isinstance(first, dict) else ""
    said = f"{what}: Metrica answered {status}" + (f" ({kind})" if kind.isidentifier() else "")
    if status in {420, 429}:
        if kind in _DAILY:
            raise QuotaError(
                f"{said}: the quota of requests for today is used up; it starts anew at 00:00 "
                "GMT. What is not sent yet is still pending: run again then."
            )
        raise _TryAgain(f"{said}: too many requests.", _retry_after(response))
    if status >= 500 or status == 409:
        raise _TryAgain(f"{said}; try again later.", _retry_after(response))
    if status in {401, 403}:
        raise MetricaError(
            f"{said}: the token is not valid, or may not write to this counter. Check "
            "METRICA_TOKEN, its scopes (metrika:read and metrika:write), and that its owner "
            "has access to the counter."
        )
    if status == 404:
        raise MetricaError(f"{said}: check the counter's number and --api-url.")
    if status == 400 and kind == "invalid_uploading":
        raise _RefusedFile(f"{said}.")
    raise MetricaError(f"{said}, which no retry can mend.")


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(response: requests.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return min(float(value), 60.0) if value.isdigit() else None
