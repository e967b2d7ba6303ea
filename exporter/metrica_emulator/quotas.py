"""Metrica's quotas (quotas, errors, faq)."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, replace
from typing import Self

from metrica_emulator.refusal import Refusal
from metrica_emulator.switches import Switches


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is allowed; tests lower them."""

    requests_per_second: int = 30
    parallel: int = 3
    requests_per_day_user: int = 5000
    requests_per_day_counter: int = 5000
    orders_per_contact: int = 100_000
    max_file_bytes: int = 1_000_000_000

    def with_values(self, values: dict[str, object]) -> Self:
        """Return a copy with these limits changed; raises ValueError when one is unknown."""
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
    """Counts requests and refuses the one too many.

    There is one user and one counter, so both daily quotas count the same requests.
    """

    def __init__(self, limits: Limits, switches: Switches) -> None:
        self.limits = limits
        self.switches = switches
        self._recent: dict[str, deque[float]] = {}
        self._in_flight = 0
        self._day = ""
        self._today: Counter[str] = Counter()

    def restore(self, day: str, counts: dict[str, int]) -> None:
        """Continue a day that began before a restart."""
        self._day, self._today = day, Counter(counts)

    def reset(self) -> None:
        """Forget the counts and changed limits, but not the requests in flight."""
        self.limits = Limits()
        self._recent.clear()
        self._today.clear()

    def count_address(self, address: str, now: float) -> None:
        """Count a request of an IP address; `now` is in seconds. Raises Refusal."""
        recent = self._recent.setdefault(address, deque())
        while recent and now - recent[0] >= 1:
            recent.popleft()
        if len(recent) >= self.limits.requests_per_second:
            raise self._refusal("quota_requests_by_ip", "requests per second from one address")
        recent.append(now)

    def begin(self, group: str, day: str, seconds_left: int) -> None:
        """Count a request of the user; `end` must follow. Raises Refusal.

        `day` is the present one, of which so many seconds are left.
        """
        if day != self._day:
            self.restore(day, {})
        if self._in_flight >= self.limits.parallel:
            raise self._refusal("quota_parallel_requests", "parallel requests of one user")
        apart = self.switches.quota_groups == "by_verb"
        count = self._today[group] if apart else self._today.total()
        if count >= self.limits.requests_per_day_user:
            what = "requests of one user per day"
            raise self._refusal("quota_requests_by_uid", what, seconds_left)
        if count >= self.limits.requests_per_day_counter:
            what = "requests to a counter per day"
            raise self._refusal("quota_requests_by_counter_id", what, seconds_left)
        self._today[group] += 1
        self._in_flight += 1

    def end(self) -> None:
        """Let the next request in."""
        self._in_flight -= 1

    def _refusal(self, error_type: str, what: str, seconds: int = 1) -> Refusal:
        return Refusal(
            int(self.switches.quota_status),
            error_type,
            f"The quota of {what} is used up.",
            retry_after=seconds if self.switches.retry_after == "on" else None,
        )
