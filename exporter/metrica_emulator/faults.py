"""Faults on demand, between a client and Metrica."""

import re
from dataclasses import dataclass, replace
from typing import Self

from metrica_emulator.refusal import Refusal

FAULTS = {
    "status:CODE": "nothing is applied; an error with this HTTP status is answered. "
    "status:CODE:TYPE gives the error body another error_type",
    "failed": "nothing is applied; the upload is FAILED and listed",
    "refuse:ID,ID": "an upload with a row of one of these ids is FAILED",
    "drop_before": "nothing is applied; the connection is cut",
    "drop_after": "applied; the connection is cut without an answer",
    "timeout_after": "applied; answered with 504",
    "non_json": "applied; answered with 200 and an HTML page",
    "truncated": "applied; the answer is cut in the middle",
    "slow:SECONDS": "the request waits, then is handled",
    "slow_after:SECONDS": "applied; the answer waits",
    "delay_list:POLLS": "applied; the answer has no status, and this many polls of the list"
    " do not name the upload",
    "unknown_status": "applied; the answer has an undocumented status",
}
"""Every fault, with its effect."""

AFTER = frozenset({"drop_after", "timeout_after", "non_json", "truncated", "slow_after"})
"""Faults of the answer: the request is handled first."""

_ARGUMENTS = {usage.partition(":")[0]: re.compile("") for usage in FAULTS} | {
    "status": re.compile(r"[45][0-9]{2}(:[a-z_]+)?"),
    "refuse": re.compile(r".+"),
    "slow": re.compile(r"[0-9]+(\.[0-9]+)?"),
    "slow_after": re.compile(r"[0-9]+(\.[0-9]+)?"),
    "delay_list": re.compile(r"[0-9]+"),
}
_ERROR_TYPES = {
    400: "invalid_parameter",
    401: "unauthorized",
    403: "access_denied",
    404: "not_found",
    406: "not_acceptable",
    409: "conflict",
    413: "invalid_uploading",
    420: "quota_requests_by_uid",
    429: "quota_requests_by_uid",
    503: "backend_error",
    504: "timeout",
}
_FIELDS = frozenset({"match", "fault", "skip", "times", "retry_after"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the requests that match.

    `match` is `METHOD path-fragment`, or a fragment alone, or empty for every request. The
    first `skip` matching requests pass, the next `times` suffer (None: all). `retry_after`,
    in seconds, becomes a header of the answer.
    """

    match: str
    kind: str
    argument: str
    skip: int
    times: int | None
    retry_after: int | None

    @classmethod
    def parse(cls, entry: object) -> Self:
        """Read a fault from JSON; raises ValueError or TypeError with a message."""
        if not isinstance(entry, dict) or not isinstance(entry.get("fault"), str):
            raise TypeError('A fault is an object with at least {"fault": "<kind>"}.')
        if unknown := sorted(set(entry) - _FIELDS):
            raise ValueError(
                f"A fault has no field {unknown[0]}. The fields are: {sorted(_FIELDS)}."
            )
        kind, _, argument = entry["fault"].partition(":")
        if kind not in _ARGUMENTS or not _ARGUMENTS[kind].fullmatch(argument):
            raise ValueError(f"There is no such fault. The faults are: {', '.join(FAULTS)}.")
        return cls(
            match=str(entry.get("match", "")),
            kind=kind,
            argument=argument,
            skip=_whole(entry.get("skip", 0), "skip"),
            times=_whole_or_none(entry.get("times", 1), "times", least=1),
            retry_after=_whole_or_none(entry.get("retry_after"), "retry_after"),
        )

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request matches."""
        wanted, space, fragment = self.match.partition(" ")
        if not space:
            return wanted in path
        return wanted == method and fragment in path

    def refusal(self) -> Refusal:
        """Return the refusal of a fault of kind `status`."""
        code, _, error_type = self.argument.partition(":")
        status = int(code)
        error_type = error_type or _ERROR_TYPES.get(status, "backend_error")
        return Refusal(status, error_type, f"Requested fault: {status}.")

    def headers(self) -> dict[str, str]:
        """Return the headers of the answer."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


def _whole_or_none(value: object, name: str, least: int = 0) -> int | None:
    return None if value is None else _whole(value, name, least)


def _whole(value: object, name: str, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"A fault's {name} is a whole number from {least}.")
    return value


class FaultQueue:
    """The faults that wait for their requests, in order of arrival."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault of this request, if there is one, and count it."""
        for place, fault in enumerate(self.waiting):
            if not fault.matches(method, path):
                continue
            if fault.skip:
                self.waiting[place] = replace(fault, skip=fault.skip - 1)
                continue
            if fault.times is None:
                return fault
            if fault.times > 1:
                self.waiting[place] = replace(fault, times=fault.times - 1)
            else:
                del self.waiting[place]
            return fault
        return None
