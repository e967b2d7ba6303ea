"""The invariants that must hold after every history, checked without the exporter."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import gate, oracle, order_paths, readers
from tests.faults.states import CREATED, MartRow, State
from tests.faults.version_log import FOREIGN_PREFIX
from tests.support.lake_marts import ICEBERG

if TYPE_CHECKING:
    # This module imports the exporter. The invariants must not depend on it.
    from tests.faults.system import SystemUnderTest

Verdicts = dict[tuple[str, str | None], list[oracle.Verdict]]
"""The verdicts that the ledger's view reports, by mart and key."""

Violation = tuple[str, str]
"""The name of a broken invariant, and a message."""

INVARIANTS = {
    "state": "Metrica holds every sendable row in the mart's state, and nothing else",
    "sequence": "Metrica gets no older state after a newer one, and no order skips a status",
    "goals": "an order reaches the goals of each status that Metrica applied to it",
    "creation date": "every upload of a row has the creation date of the first one",
    "gate": "a run above a limit stops before its first upload",
    "counts": "sent + unchanged + rejected + held = rows",
    "reason": "every rejected or held row has its reason from the documented list",
    "redelivery": "no row is sent again, unless the outcome of an upload is unknown",
    "idempotence": "a run without pending rows uploads nothing",
    "secrets": "no token, name, e-mail or phone is in any output or ledger table",
    "exit": "a run ends with a documented exit code, without a traceback or leftover files",
}

_REASONS_SOURCE = (
    Path(__file__).parents[2] / "exporter" / "metrica_export" / "checks" / "reasons.py"
)


def violations(system: "SystemUnderTest") -> list[Violation]:
    """Return the broken invariants of a history after its last, clean runs."""
    with system.warehouse.connection() as connection:
        marts = readers.read_marts(connection)
    with system.warehouse.ledger_connection() as connection:
        verdicts: Verdicts = defaultdict(list)
        for mart, key, state, reason in readers.read_row_states(connection):
            # Rows of Iceberg tables stay in the view after they left the mart: the ledger's
            # database cannot see the marts.
            if system.warehouse_kind != ICEBERG or any(key == row.key for row in marts[mart]):
                verdicts[mart, key].append((state, reason))
        ledger = readers.read_ledger(connection, system.emulator.counter)
        ledger_text = readers.read_ledger_text(connection)
    applied = readers.read_applied_states(system.emulator.state)
    log, intervals = system.version_log, system.run_intervals
    return [
        *system.violations,
        *_check_rows(system, marts, verdicts, ledger),
        *order_paths.violations(system.emulator.state, log, _sent_orders(marts, verdicts)),
        *_check_counts(system, marts, verdicts),
        *log.violations(applied, intervals),
        *gate.paid_violations(applied, intervals, log),
        *_check_secrets({*system.secrets, system.emulator.token}, ledger_text),
    ]


def _check_rows(
    system: "SystemUnderTest",
    marts: dict[str, list[MartRow]],
    verdicts: Verdicts,
    ledger: readers.Ledger,
) -> Iterator[Violation]:
    """Compare observed and expected verdicts, and Metrica's states with the marts."""
    metrica = readers.read_metrica(system.emulator.state)
    context = oracle.Context(
        verdicts,
        _accepted_contacts(system, ledger),
        frozenset(system.passed_statuses),
        _refused_rows(system, verdicts),
        frozenset(
            (mart, key)
            for mart, states in metrica.items()
            for key, state in states.items()
            if CREATED in state
        ),
        frozenset(readers.read_javascript_goals(system.emulator.state)),
    )
    for mart, row, expected in oracle.expected_verdicts(marts, context):
        observed = verdicts.get((mart, row.key), [])
        if not observed or not set(observed) <= expected:
            invariant = "state" if oracle.SENT in expected else "reason"
            yield (
                invariant,
                f"{mart} {row.key} is {observed}, expected one of {sorted(expected, key=str)}",
            )
        for state, reason in observed:
            if state in {"rejected", "held"} and reason not in documented_reasons():
                yield "reason", f"{mart} {row.key}: {reason} is not a documented reason"
        in_metrica = metrica[mart].get(row.key or "", {})
        if observed == [oracle.SENT] and _without_date(in_metrica) != _without_date(row.state):
            yield "state", f"{mart} {row.key} counts as sent, but Metrica has another state"
    yield from _unknown_states(system, metrica)


def _without_date(state: State) -> State:
    # `VersionLog.violations` checks the creation date of each upload.
    return {name: value for name, value in state.items() if name != CREATED}


def _sent_orders(marts: dict[str, list[MartRow]], verdicts: Verdicts) -> dict[str, MartRow]:
    return {
        row.key: row
        for row in marts["orders"]
        if row.key is not None and verdicts.get(("orders", row.key)) == [oracle.SENT]
    }


def _check_counts(
    system: "SystemUnderTest", marts: dict[str, list[MartRow]], verdicts: Verdicts
) -> Iterator[Violation]:
    """Compare the counts of the last run with the rows."""
    for mart, rows in marts.items():
        states = Counter(
            state
            for (verdict_mart, _), row_verdicts in verdicts.items()
            if verdict_mart == mart
            for state, _ in row_verdicts
        )
        counts = system.last_counts.get(mart, {})
        # `_check_rows` reports a pending row. A run that overlooked it counts it as unchanged,
        # which is one error and must not break a second invariant.
        overlooked = min(states["pending"], max(0, counts.get("unchanged", 0) - states["sent"]))
        expected = {
            "rows": len(rows),
            "sent": 0,
            "unchanged": states["sent"] + overlooked,
            "rejected": states["rejected"],
            "held": states["held"],
        }
        if {name: counts.get(name) for name in expected} != expected:
            yield "counts", f"{mart}: the last run counted {counts}, expected {expected}"


def _unknown_states(
    system: "SystemUnderTest", metrica: dict[str, dict[str, State]]
) -> Iterator[Violation]:
    for mart, states in metrica.items():
        for key, state in states.items():
            if key.startswith(FOREIGN_PREFIX) or (mart, key) in system.edited_rows:
                continue
            if not system.version_log.contains(mart, key, state):
                yield "state", f"Metrica has a state of {mart} {key} that the mart never had"


def _accepted_contacts(system: "SystemUnderTest", ledger: readers.Ledger) -> frozenset[str]:
    """Return the contacts in uploads that the ledger records as PASSED."""
    return frozenset(
        state.key
        for state in readers.read_applied_states(system.emulator.state)
        if state.mart == "contacts" and state.uploading_id in ledger.passed_uploads
    )


def _refused_rows(system: "SystemUnderTest", verdicts: Verdicts) -> frozenset[tuple[str, str]]:
    """Return the rows that injected faults may have refused.

    The fault `refuse` names its rows. The fault `failed` does not: each occurrence may have
    refused one row that was alone in its file.
    """
    named = {
        (mart, key)
        for mart, key in verdicts
        if key in system.refused_ids and mart in {"contacts", "orders"}
    }
    ((failures,),) = readers.query_emulator(
        system.emulator.state, "select count(*) from requests where fault = 'failed'"
    )
    unnamed = [
        (mart, key)
        for (mart, key), row_verdicts in sorted(verdicts.items(), key=str)
        if key is not None
        and (mart, key) not in named
        and row_verdicts == [("rejected", "refused_by_metrica")]
    ]
    return frozenset(named | set(unnamed[:failures]))


def _check_secrets(secrets: Iterable[str], ledger_text: str) -> Iterator[Violation]:
    if found := sum(secret in ledger_text for secret in secrets):
        yield "secrets", f"{found} secret values are in the ledger"


@cache
def documented_reasons() -> frozenset[str]:
    """Return the keys of `REASONS`, parsed from the exporter's source."""
    tree = ast.parse(_REASONS_SOURCE.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            (target,) = node.targets
            if isinstance(target, ast.Name) and target.id == "REASONS":
                keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
                return frozenset(map(str, keys))
    raise ValueError(f"{_REASONS_SOURCE} has no REASONS")
