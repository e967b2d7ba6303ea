"""HTTP to Metrica: retries, pace, and the translation of its errors.

Retries by the HTTP status of the answer (pages "API error descriptions", "Quotas"):

| answer | retry |
|---|---|
| no connection, cut connection, no answer in time | yes, with jittered back-off |
| 409, 500 and above | yes, with jittered back-off |
| 420, 429 | yes, after Retry-After if given; not if the quota of the day is used up |
| 401, 403, 404, other 4xx | no |

"""

import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
import stamina

from metrica_export.errors import MetricaError, QuotaError
from metrica_export.metrica.access import Api
from metrica_export.metrica.answer import TimedAdapter, error_code, error_type, read_object
from metrica_export.metrica.patience import PATIENT, Patience
from metrica_export.metrica.upload_body import upload_body

_DAILY = {"quota_requests_by_uid", "quota_requests_by_counter_id"}
_ENHANCE_YOUR_CALM = 420  # equal to 429 (page "Quotas")
REQUESTS_A_SECOND = 25
"""Below Metrica's quota, since delays on the way can bring requests closer together."""

_GAP = 1 / REQUESTS_A_SECOND


class RefusedFileError(MetricaError):
    """Metrica refused a file (invalid_uploading, page "API error descriptions")."""


class BadRequestError(MetricaError):
    """Metrica refused a request with HTTP 400."""


class _RetryableError(MetricaError):
    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class BusyError(_RetryableError):
    """Metrica answered 420 or 429 to every attempt."""


class _Token(requests.auth.AuthBase):
    """The Authorization header. An auth object keeps `requests` from using ~/.netrc instead."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"OAuth {self._token}"
        return request


class Session(requests.Session):
    """A session without redirects.

    Even if `requests` does not follow a redirect, it parses the address and decodes the body
    without a limit of size.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: no answer redirects."""


class Transport:
    """Authorized requests to one API, one at a time. Raises MetricaError and its subclasses."""

    def __init__(self, api: Api, budget: int, patience: Patience = PATIENT) -> None:
        """Take the API and the number of requests that are left; the first call connects."""
        self._budget, self._patience = budget, patience
        self._url = api.url
        self._session = Session()
        self._session.auth = _Token(api.token)
        # A call to this machine must not send the token to a proxy of the environment.
        self._session.trust_env = not api.is_local
        self._adapter = TimedAdapter()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)
        self._last = 0.0
        self.requests = 0
        # Whether an earlier attempt of the last call may have taken effect.
        self.doubtful = False
        # Seconds by which Metrica's clock was ahead of this machine's at the last answer.
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
        """Return the JSON object of an answer with status 200, empty if it has none.

        Retries by the table above.
        """
        doubtful = False
        try:
            for attempt in stamina.retry_context(
                on=_back_off,
                attempts=self._patience.attempts,
                timeout=self._patience.seconds,
                wait_initial=1,
                wait_max=30,
            ):
                with attempt:
                    try:
                        response, found = self._request(method, path, params, body, file)
                    except requests.RequestException as error:
                        doubtful = True
                        raise _RetryableError(
                            f"{method} {path}: no answer from {self._url} "
                            f"({type(error).__name__}). Check the network and --api-url."
                        ) from None
                    doubtful |= response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
                    self.doubtful = doubtful
                    return _body_or_error(f"{method} {path}", response, found)
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
        upload = None if file is None else upload_body(file)
        try:
            response = self._session.request(
                method,
                self._url + path,
                params=params,
                json=body,
                data=upload,
                headers={} if upload is None else {"Content-Type": upload.content_type},
                timeout=(self._patience.connect, self._patience.read),
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
                "This job's share of the day's requests is used up (--daily-requests). Undelivered "
                "rows are pending. Rerun after 00:00 GMT, or raise --daily-requests."
            )
        self.requests += 1

    def _pace(self) -> None:
        time.sleep(max(0.0, self._last + _GAP - time.monotonic()))
        self._last = time.monotonic()


def _back_off(error: Exception) -> bool | float:
    if not isinstance(error, _RetryableError):
        return False
    return True if error.wait is None else error.wait


def _body_or_error(
    request: str, response: requests.Response, body: dict[str, Any]
) -> dict[str, Any]:
    """Return the body of an answer with status 200; raise MetricaError for another status.

    Sources: pages "API error descriptions", "Quotas".
    """
    status = response.status_code
    if status == HTTPStatus.OK:
        return body
    kind = error_type(body)
    answer = f"{request}: Metrica answered {status}" + (f" ({kind})" if kind else "")
    if status in {_ENHANCE_YOUR_CALM, HTTPStatus.TOO_MANY_REQUESTS}:
        if kind in _DAILY:
            raise QuotaError(
                f"{answer}: the quota of requests for today is used up. Undelivered rows are "
                "pending. Rerun after 00:00 GMT, when the quota is renewed."
            )
        raise BusyError(f"{answer}: too many requests.", _retry_after(response))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.CONFLICT:
        raise _RetryableError(f"{answer}. Rerun later.", _retry_after(response))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise MetricaError(
            f"{answer}: the token is not valid, or may not write to this counter. Check "
            "METRICA_TOKEN, its scopes (metrika:read and metrika:write), and that its owner "
            "has access to the counter."
        )
    if status == HTTPStatus.NOT_FOUND:
        raise MetricaError(f"{answer}. Check the counter's number and --api-url.")
    if status == HTTPStatus.BAD_REQUEST and kind == "invalid_uploading":
        raise RefusedFileError(f"{answer}.")
    if status == HTTPStatus.BAD_REQUEST:
        code = error_code(body)
        number = f", error code {code}" if code else ""
        raise BadRequestError(f"{answer}{number} (not retryable).")
    raise MetricaError(f"{answer} (not retryable).")


def _ahead(response: requests.Response) -> float | None:
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
    except (KeyError, ValueError, OverflowError):
        return None


def _retry_after(response: requests.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return min(float(value), 60.0) if value.isdecimal() else None
