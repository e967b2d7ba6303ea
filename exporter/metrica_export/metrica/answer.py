"""Metrica's answers, read with limits of size and time, since no server is to be trusted."""

import json
import re
import socket
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Timer
from typing import Any, Literal, TypeGuard

import requests
from requests.adapters import HTTPAdapter

SECONDS = 360
"""From the last byte of a request to the last byte of its answer."""

MAX_BYTES = 16_000_000
"""Of a decoded body. A refused file of 100,000 rows may have as many error texts."""

_BLOCK = 1 << 16
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """What Metrica said of an upload.

    PASSED and FAILED are Metrica's own words; `unknown` is any other answer. `errors` may
    repeat what is in the rows: it goes nowhere but through `redaction`. `uploaded_at` is
    Metrica's text, in ISO 8601 or as a wall clock's time without a zone.
    """

    status: Literal["PASSED", "FAILED", "unknown"]
    uploading_id: str | None
    errors: str = field(default="", repr=False)
    uploaded_at: str = field(default="", compare=False)
    rows: int | None = field(default=None, compare=False)


class TimedAdapter(HTTPAdapter):
    """Cuts a connection whose answer is incomplete after `SECONDS`, however slowly it drips.

    The read timeout of `requests` is for one read only. Serves one request at a time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None
        self._is_cut = False

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the library has it
        """Return the pool for a request; its connections watch the time of their answers."""
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
        """Begin to count the time of an answer on this connection."""
        self.stop()
        self._is_cut = False
        self._timer = Timer(SECONDS, self._cut, [connection])
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """End the count."""
        if self._timer is not None:
            self._timer.cancel()

    def check(self) -> None:
        """Raise requests.Timeout if the connection was cut, which can look like a proper end."""
        if self._is_cut:
            raise requests.Timeout

    def _cut(self, connection: socket.socket) -> None:
        self._is_cut = True
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def read_object(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object in a streamed response, empty if it has none or is too large.

    Raises requests.RequestException when the connection ends before the body does.
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


def _storable(found: Any) -> Any:  # noqa: ANN401 - whatever the JSON holds
    """Replace characters that PostgreSQL and UTF-8 cannot hold by one that no name has."""
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
    """Return Metrica's word for the first error of a body, empty if there is none (errors)."""
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    found = first.get("error_type") if isinstance(first, dict) else None
    if isinstance(found, str) and found.isascii() and found.isidentifier() and is_name(found):
        return found
    return ""


def is_name(found: object) -> TypeGuard[str]:
    """Return whether a value can stand for something in the ledger and in a message."""
    return isinstance(found, str) and found.isprintable() and len(found) <= _LONGEST_NAME


def answer_of(uploading: object) -> Answer:
    """Return what an upload's entry in a body says of it (uploadContacts, getLastUploadings)."""
    if not isinstance(uploading, dict):
        return Answer("unknown", None)
    known = uploading.get("uploading_id")
    text = str(known) if known and isinstance(known, str | int) else None
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
    # PASSED with errors may mean that Metrica took the good rows only; no page says.
    if status == "FAILED" or (status == "PASSED" and texts):
        return replace(answer, status="FAILED", errors=" ".join(map(str, texts)))
    if status == "PASSED" and identifier:
        return replace(answer, status="PASSED")
    return answer
