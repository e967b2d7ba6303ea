"""Options of the emulator's start. This module needs no web framework: that is an extra."""

from dataclasses import dataclass, field
from pathlib import Path

from metrica_emulator.switches import Switches


class EmulatorError(Exception):
    """The emulator cannot start. The message names the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """One emulated counter.

    `token` is the only valid token. `state` is the SQLite file that keeps uploads; None keeps
    them in memory. `time_zone` is the counter's IANA time zone. `goals` are ids of its
    JavaScript goals. `visits` is a CSV file of visits to the site (see
    `metrica_emulator.visits`). Port 0 takes any free port.
    """

    counter: int
    token: str = field(repr=False)
    port: int = 0
    state: Path | None = None
    time_zone: str = "Europe/Moscow"
    goals: tuple[str, ...] = ()
    visits: Path | None = None
    switches: Switches = field(default_factory=Switches)
