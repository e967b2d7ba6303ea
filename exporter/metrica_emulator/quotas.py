"""Metrica's quotas and limits."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, replace
from typing import Self

from metrica_emulator.refusal import Refusal

_WINDOW = 300
"""Seconds of the quota of reports."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Metrica's limits. Tests lower them."""

    requests_per_second: int = 30
    parallel: int = 3
    requests_per_day_user: int = 5000
    requests_per_day_counter: int = 5000
    reports_in_5_minutes: int = 200
    orders_per_contact: int = 100_000
    max_file_bytes: int = 1_000_000_000

    def with_values(self, values: dict[str, object]) -> Self:
        """Return a copy with these limits changed; raises ValueError."""
        for name, value in values.items():
            if name not in asdict(self):
                raise ValueError(
                    f"There is no limit {name}. The limits are: {', '.join(asdict(self))}."
                )
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"Limit {name} takes a whole number from 0.")
        changes: dict[str, int] = {name: int(str(value)) for name, value in values.items()}
        return replace(self, **changes)


class Quotas:
    """Counts of requests. A request above a limit is refused with `status`, 429 or 420.

    There is one user and one counter, so both daily quotas count the same requests.
    """

    def __init__(self, day: str, today: dict[str, int]) -> None:
        """Continue a day that began before a restart; `today` counts its requests by group."""
        self.limits = Limits()
        self._recent: dict[str, deque[float]] = {}
        self._reports: deque[float] = deque()
        self._in_flight = 0
        self._day, self._today = day, Counter(today)

    def reset(self) -> None:
        """Forget the counts and changed limits, but not the requests in flight."""
        self.limits = Limits()
        self._recent.clear()
        self._reports.clear()
        self._today.clear()

    def count_address(self, address: str, now: float, status: str) -> None:
        """Count a request of an IP address; `now` is in seconds. Raises Refusal."""
        recent = self._recent.setdefault(address, deque())
        while recent and now - recent[0] >= 1:
            recent.popleft()
        if len(recent) >= self.limits.requests_per_second:
            raise _refusal(status, "quota_requests_by_ip", "requests per second from one address")
        recent.append(now)

    def count_report(self, now: float, status: str, error_type: str) -> None:
        """Count a request of the Reports API; `now` is in seconds. Raises Refusal."""
        while self._reports and now - self._reports[0] >= _WINDOW:
            self._reports.popleft()
        if len(self._reports) >= self.limits.reports_in_5_minutes:
            raise _refusal(status, error_type, "requests for reports in 5 minutes")
        self._reports.append(now)

    def begin(self, group: str, day: str, status: str) -> None:
        """Count a request of the user on this day; `end` must follow. Raises Refusal.

        Requests that read, requests that write and reports are groups with a quota each.
        """
        if day != self._day:
            self._day, self._today = day, Counter()
        if self._in_flight >= self.limits.parallel:
            raise _refusal(status, "quota_parallel_requests", "parallel requests of one user")
        if self._today[group] >= self.limits.requests_per_day_user:
            raise _refusal(status, "quota_requests_by_uid", "requests of one user per day")
        if self._today[group] >= self.limits.requests_per_day_counter:
            quota = "requests to a counter per day"
            raise _refusal(status, "quota_requests_by_counter_id", quota)
        self._today[group] += 1
        self._in_flight += 1

    def end(self) -> None:
        """Count a request in flight less."""
        self._in_flight -= 1


def _refusal(status: str, error_type: str, quota: str) -> Refusal:
    return Refusal(int(status), error_type, f"The quota of {quota} is used up.")
