"""The emulator's clock, which a test can move."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LOCAL = "%Y-%m-%d %H:%M:%S"


class Clock:
    """The present moment, in UTC and on the counter's wall."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.offset = timedelta()

    def now(self) -> datetime:
        """Return the emulated present, in UTC."""
        return datetime.now(UTC) + self.offset

    def set(self, moment: datetime) -> None:
        """Make this the present; the clock runs on from there."""
        self.offset = moment - datetime.now(UTC)

    def wall(self, moment: datetime) -> str:
        """Return a moment as the counter's local time, `yyyy-MM-dd HH:mm:ss`."""
        return moment.astimezone(self.zone).strftime(LOCAL)

    def offset_minutes(self) -> int:
        """Return how far the counter's wall clock is ahead of GMT at present."""
        ahead = self.now().astimezone(self.zone).utcoffset() or timedelta()
        return int(ahead.total_seconds() // 60)
