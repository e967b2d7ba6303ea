"""The emulated service: its counter, its settings, and what it holds."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request

from exporter.emulator.clock import Clock
from exporter.emulator.faults import FaultQueue
from exporter.emulator.options import EmulatorOptions
from exporter.emulator.quotas import Limits, Quotas
from exporter.emulator.refusal import EmulatorError
from exporter.emulator.store import Store, empty
from exporter.emulator.switches import Switches

T = TypeVar("T")


class Metrica:
    """Everything that outlives a request.

    Raises EmulatorError when the options cannot be used.
    """

    def __init__(self, options: EmulatorOptions) -> None:
        try:
            zone = ZoneInfo(options.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise EmulatorError(
                f"There is no time zone {options.time_zone}. Name one like Europe/Moscow."
            ) from None
        self.options = options
        self.clock = Clock(zone)
        self.faults = FaultQueue()
        self.stopping = asyncio.Event()
        self.store = Store(options.state, options.counter)
        self.quotas = Quotas(Limits(), int(options.switches.quota_status))
        self.quotas.restore(self.day(), self.store.call(self._counted_today))
        self._switches = options.switches

    @property
    def switches(self) -> Switches:
        """The switches in force."""
        return self._switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._switches = switches
        self.quotas.status = int(switches.quota_status)

    def day(self) -> str:
        """Return today's date by the clock of the daily quotas, 00:00 UTC to 00:00 UTC."""
        return self.clock.now().date().isoformat()

    async def reset(self) -> None:
        """Forget all that was uploaded and set since the first start."""
        await self.store.run(empty)
        self.switches = self.options.switches
        self.quotas.reset()
        self.faults.waiting.clear()
        self.clock.offset = timedelta()

    async def ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work on the store, in one transaction."""
        return await self.store.run(work)

    def _counted_today(self, connection: sqlite3.Connection) -> dict[str, int]:
        rows = connection.execute(
            "select quota_group, count(*) from requests"
            " where quota_group is not null and at_utc >= ? group by quota_group",
            (self.day(),),
        )
        return {row[0]: row[1] for row in rows}


def serving(request: Request) -> Metrica:
    """Return the service that a request has reached."""
    metrica: Metrica = request.app.state.metrica
    return metrica
