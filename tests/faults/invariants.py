"""What must hold after every history, computed without the exporter's help."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import gate, oracle, reading, ways
from tests.faults.states import CREATED, MartRow, State
from tests.faults.versions import FOREIGN

if TYPE_CHECKING:
    # It starts the exporter; what judges must not depend on it.
    from tests.faults.world import World

Told = dict[tuple[str, str | None], list[oracle.Verdict]]

Violation = tuple[str, str]
"""The invariant's name, and what broke it."""

INVARIANTS = {
    "state": "Metrica holds every sendable row as the mart says, and nothing else",
    "order": "no older state after a newer one, and every status of an order in its turn",
    "goals": "an order has reached the goals of each status that it came to",
    "date": "a creation date goes as it went first",
    "gate": "a run that goes beyond a limit ends before its first upload",
    "sum": "sent + unchanged + rejected + held = rows",
    "reason": "every rejected or held row has its reason, out of the documented list",
    "resent": "nothing goes again but what was in uploads without a known outcome",
    "quiet": "a run with nothing to do uploads nothing",
    "secret": "no token, name, e-mail or phone in any output or ledger table",
    "end": "a run ends in order: a documented exit code, no traceback, no file left behind",
}

_CHECKS = Path(__file__).parents[2] / "exporter" / "metrica_export" / "checks" / "reasons.py"


def after(world: "World") -> list[Violation]:
    """Return what is wrong after the history and its last, clean runs."""
    with world.warehouse.connection() as connection:
        marts = reading.marts(connection)
        told: Told = defaultdict(list)
        for mart, key, state, reason in reading.row_states(connection):
            told[mart, key].append((state, reason))
        ledger = reading.ledger(connection, world.emulator.counter)
        text = reading.ledger_text(connection)
    applied = reading.applied(world.emulator.state)
    return [
        *world.violations,
        *_rows(world, marts, told, ledger),
        *ways.broken(world.emulator.state, world.versions, _sent_orders(marts, told)),
        *_sums(world, marts, told),
        *world.versions.check(applied, world.segments),
        *gate.overrun(applied, world.segments, world.versions),
        *_secrets({*world.secrets, world.emulator.token}, text),
    ]


def _rows(
    world: "World", marts: dict[str, list[MartRow]], told: Told, ledger: reading.Ledger
) -> Iterator[Violation]:
    """Compare every row's verdict with the one it should have, and Metrica with the marts."""
    metrica = reading.metrica(world.emulator.state)
    around = oracle.Surroundings(
        told,
        _reached(world, ledger),
        frozenset(world.statuses_once),
        _refused(world, told),
        frozenset((m, k) for m, of in metrica.items() for k, s in of.items() if CREATED in s),
        frozenset(reading.javascript_goals(world.emulator.state)),
    )
    for mart, row, allowed in oracle.expected(marts, around):
        verdicts = told.get((mart, row.key), [])
        if not verdicts or not set(verdicts) <= allowed:
            invariant = "state" if oracle.SENT in allowed else "reason"
            yield (
                invariant,
                f"{mart} {row.key} is {verdicts}, should be one of {sorted(allowed, key=str)}",
            )
        for state, reason in verdicts:
            if state in {"rejected", "held"} and reason not in reasons():
                yield "reason", f"{mart} {row.key}: {reason} is no documented reason"
        there = metrica[mart].get(row.key or "", {})
        if verdicts == [oracle.SENT] and _but_date(there) != _but_date(row.state):
            yield "state", f"{mart} {row.key} counts as sent, and Metrica has another state of it"
    yield from _strangers(world, metrica)


def _but_date(state: State) -> State:
    # Which creation date goes is looked at upload by upload.
    return {name: value for name, value in state.items() if name != CREATED}


def _sent_orders(marts: dict[str, list[MartRow]], told: Told) -> dict[str, MartRow]:
    return {
        row.key: row
        for row in marts["orders"]
        if row.key is not None and told.get(("orders", row.key)) == [oracle.SENT]
    }


def _sums(world: "World", marts: dict[str, list[MartRow]], told: Told) -> Iterator[Violation]:
    """Compare the last run's own counts with the rows."""
    for mart, rows in marts.items():
        states = Counter(
            state for (of, _), verdicts in told.items() if of == mart for state, _ in verdicts
        )
        counts = world.last_counts.get(mart, {})
        # No row may be pending now, and one that is has been found by `_rows`. A run that
        # overlooked it counts it as unchanged, which is the same fault and not another one.
        overlooked = min(states["pending"], max(0, counts.get("unchanged", 0) - states["sent"]))
        should = {
            "rows": len(rows),
            "sent": 0,
            "unchanged": states["sent"] + overlooked,
            "rejected": states["rejected"],
            "held": states["held"],
        }
        if {name: counts.get(name) for name in should} != should:
            yield "sum", f"{mart}: the last run counted {counts}, the rows are {should}"


def _strangers(world: "World", metrica: dict[str, dict[str, State]]) -> Iterator[Violation]:
    for mart, states in metrica.items():
        for key, state in states.items():
            if key.startswith(FOREIGN) or (mart, key) in world.edited:
                continue
            if not world.versions.knows(mart, key, state):
                yield "state", f"Metrica has a state of {mart} {key} that the mart never had"


def _reached(world: "World", ledger: reading.Ledger) -> frozenset[str]:
    """Return the contacts that Metrica took in uploads that the ledger knows to be PASSED."""
    return frozenset(
        each.key
        for each in reading.applied(world.emulator.state)
        if each.mart == "contacts" and each.uploading_id in ledger.passed
    )


def _refused(world: "World", told: Told) -> frozenset[tuple[str, str]]:
    """Return the rows that Metrica was made to refuse.

    The fault `failed` does not say which rows it met; each can have met one row that was
    alone in its file.
    """
    named = {
        (mart, key)
        for mart, key in told
        if key in world.refused_ids and mart in {"contacts", "orders"}
    }
    ((failures,),) = reading.ask(
        world.emulator.state, "select count(*) from requests where fault = 'failed'"
    )
    blamed = [
        (mart, key)
        for (mart, key), verdicts in sorted(told.items(), key=str)
        if key is not None
        and (mart, key) not in named
        and verdicts == [("rejected", "refused_by_metrica")]
    ]
    return frozenset(named | set(blamed[:failures]))


def _secrets(secrets: Iterable[str], text: str) -> Iterator[Violation]:
    if found := sum(secret in text for secret in secrets):
        yield "secret", f"{found} of the seeded values are in the ledger"


@cache
def reasons() -> frozenset[str]:
    """Return the closed list of reasons, read as data out of the exporter's source."""
    tree = ast.parse(_CHECKS.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            (target,) = node.targets
            if isinstance(target, ast.Name) and target.id == "REASONS":
                keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
                return frozenset(map(str, keys))
    raise ValueError(f"{_CHECKS} has no REASONS")
