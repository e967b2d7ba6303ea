"""HTTP to Metrica: retries, pace, and the one place where its errors become ours.

What is tried again, by the HTTP status of the answer (errors, quotas):

| answer | again? |
|---|---|
| no connection, cut connection, no answer in time | yes, with jittered back-off |
| 409, 500 and above | yes, with jittered back-off |
| 420, 429 | yes, after Retry-After if given; not when the quota of the day is used up |
| 401, 403, 404, other 4xx | no |

"""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
import stamina

from metrica_export.errors import MetricaError, QuotaError
from metrica_export.metrica.access import Api
from metrica_export.metrica.answer import TimedAdapter, error_type, read_object

_DAILY = {"quota_requests_by_uid", "quota_requests_by_counter_id"}
_ENHANCE_YOUR_CALM = 420  # the same as 429 (quotas)
REQUESTS_A_SECOND = 25
"""Below Metrica's quota, since a request may arrive sooner after the last one than it left."""

_GAP = 1 / REQUESTS_A_SECOND
_TIMEOUT = (10, 300)
_ATTEMPTS = 6


class RefusedFileError(MetricaError):
    """Metrica took the request but not the file in it (errors: invalid_uploading)."""


class _TryAgainError(MetricaError):
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


class Transport:
    """Authorized requests to one API, one at a time. Raises MetricaError and its children."""

    def __init__(self, api: Api, budget: int) -> None:
        """Open nothing yet; `budget` is how many requests may be made."""
        self._budget = budget
        self._url = api.url
        self._session = requests.Session()
        self._session.auth = _Token(api.token)
        # A proxy of the environment would be sent the token of a call to this very machine.
        self._session.trust_env = not api.is_local
        self._adapter = TimedAdapter()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)
        self._last = 0.0
        self.requests = 0
        # Whether an earlier attempt of the last call may have had its effect.
        self.doubtful = False
        # Seconds by which the clock of the last answer was ahead of this machine's.
        self.ahead: float | None = None

    def call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        file: Path | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object of a 200, empty if there is none; retries what may pass."""
        doubtful = False
        try:
            for attempt in stamina.retry_context(
                on=_back_off, attempts=_ATTEMPTS, timeout=600, wait_initial=1, wait_max=30
            ):
                with attempt:
                    try:
                        response, found = self._request(method, path, params, body, file)
                    except requests.RequestException as error:
                        doubtful = True
                        raise _TryAgainError(
                            f"{method} {path}: no answer from {self._url} "
                            f"({type(error).__name__}); check the network and --api-url."
                        ) from None
                    doubtful |= response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
                    self.doubtful = doubtful
                    return _judge(f"{method} {path}", response, found)
        except MetricaError as error:
            error.doubtful = doubtful
            raise
        raise AssertionError

    def _request(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None,
        body: dict[str, Any] | None,
        file: Path | None,
    ) -> tuple[requests.Response, dict[str, Any]]:
        self._pace()
        self._spend()
        upload = None if file is None else _upload(file)
        try:
            response = self._session.request(
                method,
                self._url + path,
                params=params,
                json=body,
                data=upload,
                headers={} if upload is None else {"Content-Type": upload.content_type},
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
            )
            self.ahead = _ahead(response)
            found = read_object(response)
            self._adapter.check()
            return response, found
        finally:
            self._adapter.stop()

    def _spend(self) -> None:
        if self.requests >= self._budget:
            raise QuotaError(
                "This job's share of the day's requests is used up (--daily-requests); the day "
                "ends at 00:00 GMT. What is not sent yet is still pending: run again then."
            )
        self.requests += 1

    def _pace(self) -> None:
        time.sleep(max(0.0, self._last + _GAP - time.monotonic()))
        self._last = time.monotonic()


def _upload(path: Path) -> "_Multipart | _Json":
    return _Json(path) if path.suffix == ".json" else _Multipart(path)


class _Json:
    """A small file as a JSON body (uploadContactJson_1, uploadOrdersJson_1)."""

    content_type = "application/json"

    def __init__(self, path: Path) -> None:
        self._path = path

    def __len__(self) -> int:
        return self._path.stat().st_size

    def __iter__(self) -> Iterator[bytes]:
        yield self._path.read_bytes()


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
    if not isinstance(error, _TryAgainError):
        return False
    return True if error.wait is None else error.wait


def _judge(what: str, response: requests.Response, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a 200; raise what the answer means otherwise (errors, quotas)."""
    status = response.status_code
    if status == HTTPStatus.OK:
        return body
    kind = error_type(body)
    said = f"{what}: Metrica answered {status}" + (f" ({kind})" if kind else "")
    if status in {_ENHANCE_YOUR_CALM, HTTPStatus.TOO_MANY_REQUESTS}:
        if kind in _DAILY:
            raise QuotaError(
                f"{said}: the quota of requests for today is used up; it starts anew at 00:00 "
                "GMT. What is not sent yet is still pending: run again then."
            )
        raise _TryAgainError(f"{said}: too many requests.", _retry_after(response))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.CONFLICT:
        raise _TryAgainError(f"{said}; try again later.", _retry_after(response))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise MetricaError(
            f"{said}: the token is not valid, or may not write to this counter. Check "
            "METRICA_TOKEN, its scopes (metrika:read and metrika:write), and that its owner "
            "has access to the counter."
        )
    if status == HTTPStatus.NOT_FOUND:
        raise MetricaError(f"{said}: check the counter's number and --api-url.")
    if status == HTTPStatus.BAD_REQUEST and kind == "invalid_uploading":
        raise RefusedFileError(f"{said}.")
    raise MetricaError(f"{said}, which no retry can mend.")


def _ahead(response: requests.Response) -> float | None:
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
    except (KeyError, ValueError, OverflowError):
        return None


def _retry_after(response: requests.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return min(float(value), 60.0) if value.isdecimal() else None
