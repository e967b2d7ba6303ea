"""The next run does to every row the very thing that `explain` said, after random histories."""

from collections import defaultdict
from random import Random

import pytest
from metrica_export.commands.explain import Explanation, explain
from metrica_export.settings import GATE, Gate, Limits

from tests.faults.generated_marts import GeneratedMarts
from tests.faults.mart_changes import CHANGES, fill_marts
from tests.faults.readers import MARTS
from tests.support.job import Job

FAULTS = (
    "status:403",
    "failed",
    "delay_list:99",
    "timeout_after",
    "refuse:c1,o1",
    "refuse:c2,o3",
)
METRICAS_OWN = {"refused_by_metrica", "refused_with_others"}
"""Reasons that Metrica's answer gives, so that no plan can know them."""

GATE_OPEN = Gate(accepted=frozenset(GATE))
ROWS = {"order_statuses": 1, "products": 1, "contacts": 5, "orders": 14}
"""Rows of each mart to explain: each one opens the warehouse again."""


def change(job: Job, marts: GeneratedMarts, rng: Random, max_steps: int) -> None:
    """Change the marts, and run with a fault."""
    names = [*CHANGES]
    weights = [weight for weight, _ in CHANGES.values()]
    for name in ("make rows invalid", *rng.choices(names, weights, k=rng.randint(1, 4))):
        CHANGES[name][1](marts)
    if rng.random() < 0.7:
        where = rng.choice(["POST /data/contacts/csv", "POST /data/orders/csv", "POST /schema/"])
        job.emulator.fault(rng.choice(FAULTS), where, skip=rng.choice([0, 0, 1]))
    job.run(gate=GATE_OPEN, chunk_rows=rng.choice([3, 1000]), max_steps=max_steps)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.usefixtures("waits")
def test_explain_foretells_the_next_run(job: Job, seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - not a secret
    marts, max_steps = GeneratedMarts(job.marts, rng), rng.choice([1, 2, 20])
    fill_marts(marts)
    for _ in range(rng.randint(0, 3)):
        change(job, marts, rng, max_steps)
    others = rng.choice(["make rows invalid", "delete rows", "duplicate ids"])
    for name in ("change rows", "add rows", "advance orders", others):
        CHANGES[name][1](marts)
    job.emulator.clear_faults()
    options = job.options(limits=Limits(max_steps=max_steps))
    found = [
        explain(options, mart, key, with_values=False)
        for mart in MARTS
        for key in rng.sample(marts.keys(mart), k=min(ROWS[mart], len(marts.keys(mart))))
    ]
    last = max((u.upload_no for each in found for u in each.history.uploads), default=0)
    assert job.run(gate=GATE_OPEN, max_steps=max_steps).error is None
    sent = defaultdict(list)
    for mart, key, status in job.marts.sql(
        "select u.entity, d.id, s.status from metrica_export.ledger_deliveries d "
        "join metrica_export.ledger_uploads u on u.upload_no = d.upload_no "
        "left join metrica_export.ledger_status_numbers s on s.status_no = d.status_no "
        f"and s.counter_id = u.counter_id where u.run_no = (select max(run_no) "
        f"from metrica_export.ledger_runs) and u.upload_no > {last} and u.status = 'PASSED' "
        "order by u.upload_no"
    ):
        sent[mart, key].append(status)
    states = defaultdict(set)
    for mart, key, state, reason in job.marts.sql(
        "select entity, id, state, reason from metrica_export.mart_rows"
    ):
        states[mart, key].add((state, reason))
    wrong = [
        problem
        for each in found
        for problem in differences(
            each, states[each.mart, each.id], sent.get((each.mart, each.id), [])
        )
    ]
    assert wrong == []


def differences(
    found: Explanation, states: set[tuple[str, str | None]], sent: list[str | None]
) -> list[str]:
    """Return a line for each difference between an explanation and the run after it."""
    said = {(row.next_run.state, row.next_run.reason) for row in found.rows}
    changes = [row.next_run.change for row in found.rows if row.next_run.change]
    statuses: list[str | None] = [status for change in changes for status in change.statuses]
    statuses = statuses or [None] * len(changes)
    expected = {("sent", None) if state == "unchanged" else (state, why) for state, why in said}
    label = f"{found.mart} {found.id}: {said}, {statuses}; was {states}, {sent}"
    if {reason for _, reason in states} & METRICAS_OWN and changes:
        return []
    uploads = found.history.uploads
    if uploads and uploads[-1].status == "unknown" and uploads[-1].uploading_id:
        # The run may learn that Metrica has the upload.
        return [] if states in (expected, {("sent", None)}) else [label]
    return [] if (states, sent) == (expected, statuses) else [label]
