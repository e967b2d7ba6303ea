"""The identity and the times of one `run` or `plan`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic


@dataclass(slots=True)
class Stamp:
    """A run's number, counter, dbt target, mode and times; None while unknown.

    A plan has no number.
    """

    run_no: int | None = None
    counter: int | None = None
    target: str | None = None
    mode: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    _clock: float = 0

    def start(self, microseconds: int) -> None:
        """Set the beginning to the warehouse's time, in microseconds since 1970."""
        self.started_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
        self._clock = monotonic()

    def stop(self) -> None:
        """Set the end to the present time by the warehouse's clock, without asking it again."""
        if self.started_at is not None:
            self.finished_at = self.started_at + timedelta(seconds=monotonic() - self._clock)
