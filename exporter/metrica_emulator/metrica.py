"""The emulated service: its counter, its settings and its store."""

import asyncio
import sqlite3
from collections.abc import Iterable
from datetime import UTC, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request

from metrica_emulator.clock import Clock
from metrica_emulator.faults import FaultQueue
from metrica_emulator.options import EmulatorError, EmulatorOptions
from metrica_emulator.quotas import Quotas
from metrica_emulator.store import Store, empty
from metrica_emulator.visits import SiteVisit, read_file, save


class Metrica:
    """Everything that outlives a request.

    Raises EmulatorError if the options cannot be used.
    """

    def __init__(self, options: EmulatorOptions) -> None:
        try:
            zone = ZoneInfo(options.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise EmulatorError(
                f"There is no time zone {options.time_zone}. Name one like Europe/Moscow."
            ) from None
        self.options = options
        self.switches = options.switches
        self.clock = Clock(zone)
        self.faults = FaultQueue()
        self.stopping = asyncio.Event()
        visits = read_file(options.visits) if options.visits else None
        self.store = Store(options.state, options.counter)
        self._seed = partial(_seed, goals=options.goals, visits=visits)
        self.store.call(self._seed)
        self.quotas = Quotas(self.today(), self.store.call(self._counted_today))

    def today(self) -> str:
        """Return the date in GMT, where a day of the quotas begins."""
        return self.clock.now().astimezone(UTC).date().isoformat()

    async def reset(self) -> None:
        """Return to the state of the first start."""
        await self.store.run(empty)
        await self.store.run(self._seed)
        self.switches = self.options.switches
        self.quotas.reset()
        self.faults.waiting.clear()
        self.clock.offset = timedelta()

    def _counted_today(self, connection: sqlite3.Connection) -> dict[str, int]:
        rows = connection.execute(
            "select quota_group, count(*) from requests"
            " where quota_group is not null and at_utc >= ? group by quota_group",
            (self.today(),),
        )
        return {row[0]: row[1] for row in rows}


def _seed(
    connection: sqlite3.Connection, goals: tuple[str, ...], visits: list[SiteVisit] | None
) -> None:
    add_goals(connection, goals)
    if visits is not None:
        save(connection, visits)


def add_goals(connection: sqlite3.Connection, goals: Iterable[str]) -> None:
    """Add these JavaScript goals to the counter, each once."""
    connection.executemany(
        "insert into goals (name, goal_action_id) select ?1, ?1"
        " where ?1 not in (select goal_action_id from goals)",
        [(goal,) for goal in goals],
    )


def serving(request: Request) -> Metrica:
    """Return the service that serves a request."""
    metrica: Metrica = request.app.state.metrica
    return metrica
