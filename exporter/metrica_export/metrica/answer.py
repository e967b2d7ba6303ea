"""Metrica's answers, read with limits of size and time, since a server may misbehave."""

import json
import re
import socket
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Timer
from typing import Any, Literal, TypeGuard

import requests
from requests.adapters import HTTPAdapter

from metrica_export.errors import MetricaError

SECONDS = 360
"""Maximum time from the last byte of a request to the last byte of its answer."""

MAX_BYTES = 16_000_000
"""Maximum size of a decoded body. A refused file of 100,000 rows may have as many error texts."""

_BLOCK = 1 << 16
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """Metrica's answer to an upload.

    PASSED and FAILED are Metrica's own statuses; `unknown` is any other answer. `errors` may
    repeat values of rows, so it must pass through `redaction`. `uploaded_at` is Metrica's text,
    in ISO 8601 or as a time without a zone.
    """

    status: Literal["PASSED", "FAILED", "unknown"]
    uploading_id: str | None
    errors: str = field(default="", repr=False)
    uploaded_at: str = field(default="", compare=False)
    rows: int | None = field(default=None, compare=False)


class TimedAdapter(HTTPAdapter):
    """Closes a connection whose answer is incomplete after `SECONDS`.

    The read timeout of `requests` is for one read only, so a slow answer could last forever.
    Serves one request at a time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None
        self._is_cut = False

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the library has it
        """Return the pool for a request, whose connections have a timer for answers."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        adapter, plain = self, pool.ConnectionCls
        if not hasattr(plain, "is_timed"):

            class Timed(plain):  # type: ignore[misc, valid-type]
                is_timed = True

                def getresponse(self) -> Any:  # noqa: ANN401 - as the library has it
                    adapter.start(self.sock)
                    return super().getresponse()

            pool.ConnectionCls = Timed
        return pool

    def start(self, connection: socket.socket) -> None:
        """Start the timer for an answer on this connection."""
        self.stop()
        self._is_cut = False
        self._timer = Timer(SECONDS, self._cut, [connection])
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def check(self) -> None:
        """Raise requests.Timeout if the timer closed the connection.

        A closed connection can look like the regular end of an answer.
        """
        if self._is_cut:
            raise requests.Timeout

    def _cut(self, connection: socket.socket) -> None:
        self._is_cut = True
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def read_object(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object in a streamed response, empty if it has none or is too large.

    Raises requests.RequestException if the connection ends before the body is complete.
    """
    body = bytearray()
    with response:
        for block in response.iter_content(_BLOCK):
            body += block
            if len(body) > MAX_BYTES:
                return {}
    try:
        found = _storable(json.loads(body))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _storable(found: Any) -> Any:  # noqa: ANN401 - JSON of any type
    """Replace characters that PostgreSQL and UTF-8 cannot store with DEL, which no name has."""
    match found:
        case str():
            return _NOT_STORABLE.sub("\x7f", found)
        case list():
            return [_storable(item) for item in found]
        case dict():
            return {_storable(key): _storable(value) for key, value in found.items()}
        case _:
            return found


_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


def error_type(body: dict[str, Any]) -> str:
    """Return Metrica's name for the first error of a body, empty if there is none.

    Source: page "API error descriptions".
    """
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    found = first.get("error_type") if isinstance(first, dict) else None
    if isinstance(found, str) and found.isascii() and found.isidentifier() and is_name(found):
        return found
    return ""


def error_code(body: dict[str, Any]) -> str:
    """Return the number of an error in the Reports API, which stands in its text only.

    Empty if there is none. The rest of the text may repeat the query.
    """
    found = _CODE.search(str(body.get("message")))
    return found[1] if found else ""


_CODE = re.compile(r"error code: ?(\d{1,6})\b", re.ASCII)


def is_name(found: object) -> TypeGuard[str]:
    """Return whether a value is a name that the ledger and messages can show."""
    return isinstance(found, str) and found.isprintable() and len(found) <= _LONGEST_NAME


def answer_of(uploading: object) -> Answer:
    """Return the answer in an upload's entry of a body.

    Sources: pages "Uploading customer data (CSV)", "Information about the latest uploads".
    """
    if not isinstance(uploading, dict):
        return Answer("unknown", None)
    value = uploading.get("uploading_id")
    text = str(value) if value and isinstance(value, str | int) else None
    # An id that the ledger cannot store identifies no upload.
    identifier = text if is_name(text) else None
    status = uploading.get("api_validation_status")
    errors = uploading.get("api_validation_errors")
    texts = errors if isinstance(errors, list) else []
    at, rows = uploading.get("datetime"), uploading.get("elements_count")
    answer = Answer(
        "unknown",
        identifier,
        uploaded_at=at if is_name(at) else "",
        rows=rows if isinstance(rows, int) else None,
    )
    # PASSED with errors is not documented: Metrica may have accepted the good rows only.
    if status == "FAILED" or (status == "PASSED" and texts):
        return replace(answer, status="FAILED", errors=" ".join(map(str, texts)))
    if status == "PASSED" and identifier:
        return replace(answer, status="PASSED")
    return answer


def listed(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects of a list in a body. Raises MetricaError without the list."""
    if not isinstance(body.get(key), list):
        # An empty list in its place would look like deleted entries.
        raise MetricaError(
            f"Metrica's answer has no list of {key}. Check that --api-url is Metrica's API."
        )
    return objects(body, key)


def objects(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects of a list in a body, none without the list."""
    found = body.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
