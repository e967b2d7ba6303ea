"""What the emulator is started with."""

from dataclasses import dataclass, field
from pathlib import Path

from metrica_emulator.switches import Switches


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """One emulated counter.

    `token` is the only one that the emulator knows. `state` is the SQLite file that holds
    what was uploaded; None keeps it in memory. `time_zone` is the counter's IANA name.
    `goals` are the ids of its JavaScript goals, `visits` a CSV file of visits to the site
    (see metrica_emulator.visits). Port 0 takes any free port.
    """

    counter: int
    token: str = field(repr=False)
    port: int = 0
    state: Path | None = None
    time_zone: str = "Europe/Moscow"
    goals: tuple[str, ...] = ()
    visits: Path | None = None
    host: str = "127.0.0.1"
    switches: Switches = field(default_factory=Switches)
