"""The emulator's clock, and the text forms of times.

Uploads are stored with their UTC time. Times in rows are the counter's local time.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LOCAL = "%Y-%m-%d %H:%M:%S"
"""A time without a zone."""

STORED = "%Y-%m-%dT%H:%M:%SZ"
"""An upload's time in the store: UTC, whole seconds, sortable as text."""


class Clock:
    """The present time, in UTC and in the counter's time zone. Tests can move it."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.offset = timedelta()

    def now(self) -> datetime:
        """Return the emulated present, in UTC."""
        return datetime.now(UTC) + self.offset

    def set(self, moment: datetime) -> None:
        """Make this moment the present. The clock runs on from there."""
        self.offset = moment - datetime.now(UTC)

    def local(self, moment: datetime) -> str:
        """Return a moment as the counter's local time, `yyyy-MM-dd HH:mm:ss`."""
        return moment.astimezone(self.zone).strftime(LOCAL)

    def reported_until(self, delay: int) -> datetime:
        """Return the moment of the newest upload that reports have, `delay` minutes ago."""
        return self.now() - timedelta(minutes=delay)

    def offset_minutes(self) -> int:
        """Return the counter's present offset from GMT, in minutes."""
        ahead = self.now().astimezone(self.zone).utcoffset() or timedelta()
        return int(ahead.total_seconds() // 60)


def moment_of(stored: str) -> datetime:
    """Return the moment of a stored time."""
    return datetime.strptime(stored, STORED).replace(tzinfo=UTC)


def local_time(text: str) -> datetime:
    """Return a local time as a datetime without a zone."""
    return datetime.strptime(text, LOCAL)  # noqa: DTZ007 - the counter's local time


def shifted(text: str, by: timedelta) -> str:
    """Return a local time shifted by a duration."""
    return (local_time(text) + by).strftime(LOCAL)
