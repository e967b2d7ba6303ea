"""The emulated service: its counter, its settings, and what it holds."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request

from metrica_emulator.clock import Clock
from metrica_emulator.faults import FaultQueue
from metrica_emulator.options import EmulatorOptions
from metrica_emulator.quotas import Limits, Quotas
from metrica_emulator.refusal import EmulatorError
from metrica_emulator.store import Store, empty
from metrica_emulator.switches import Switches
from metrica_emulator.visits import SiteVisit, read_file, save

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
        self.overtaken: list[Callable[[sqlite3.Connection], object]] = []
        self._switches = options.switches
        visits = read_file(options.visits) if options.visits else None
        self.store = Store(options.state, options.counter)
        self._seed = partial(_seed, goals=options.goals, visits=visits)
        self.store.call(self._seed)
        self.quotas = Quotas(Limits(), options.switches)
        self.quotas.restore(self.day().isoformat(), self.store.call(self._counted_today))

    @property
    def switches(self) -> Switches:
        """The switches in force."""
        return self._switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._switches = switches
        self.quotas.switches = switches

    def day(self) -> datetime:
        """Return the midnight at which today's quotas began."""
        zone = UTC if self.switches.quota_day == "utc" else ZoneInfo("Europe/Moscow")
        return self.clock.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def seconds_left(self) -> int:
        """Return how long today's quotas last."""
        return int((self.day() + timedelta(days=1) - self.clock.now()).total_seconds()) + 1

    async def reset(self) -> None:
        """Forget all that was uploaded and set since the first start."""
        await self.store.run(empty)
        await self.store.run(self._seed)
        self.overtaken.clear()
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
            (self.day().astimezone(UTC).isoformat(),),
        )
        return {row[0]: row[1] for row in rows}


def _seed(
    connection: sqlite3.Connection, goals: tuple[str, ...], visits: list[SiteVisit] | None
) -> None:
    add_goals(connection, goals)
    if visits is not None:
        save(connection, visits)


def add_goals(connection: sqlite3.Connection, goals: Iterable[str]) -> None:
    """Give the counter these JavaScript goals, each once."""
    connection.executemany(
        "insert into goals (name, goal_action_id) select ?1, ?1"
        " where ?1 not in (select goal_action_id from goals)",
        [(goal,) for goal in goals],
    )


def serving(request: Request) -> Metrica:
    """Return the service that a request has reached."""
    metrica: Metrica = request.app.state.metrica
    return metrica
