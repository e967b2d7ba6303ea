"""The events of a run that a person wants to hear about."""

from dataclasses import dataclass

from metrica_export.commands.result import RunResult
from metrica_export.errors import GateError
from metrica_export.plurals import counted


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name for programs, and one sentence for people."""

    name: str
    text: str


def find_events(result: RunResult) -> list[Event]:
    """Return the events of a run, the most urgent first; none for a quiet run."""
    found = []
    if result.exit_code == GateError.exit_code:
        found.append(Event("gate_stopped", f"Stopped by the gate. {result.error}"))
    elif result.error is not None:
        text = f"Failed with exit code {result.exit_code}. {result.error}"
        found.append(Event("run_failed", text))
    if result.expiring:
        orders = counted(result.expiring, "undelivered order")
        text = f"Within a day, Metrica's window ends for up to {orders}."
        found.append(Event("orders_expiring", text))
    if result.new:
        rows = counted(result.new, "more row")
        text = (
            f"Since the last complete run, {rows} became rejected or held "
            f"(now {result.rejected} rejected, {result.held} held). Run `metrica-export rejects`."
        )
        found.append(Event("rejects_rose", text))
    return found
