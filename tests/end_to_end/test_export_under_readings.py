"""The export tells nothing as sent that is not there, whichever reading is Metrica's."""

from typing import Any, get_args

import pytest
from metrica_emulator.switches import Switches

from tests.support.job import Job

NUMBERS = {
    "delayed_visibility": 2,
    "duplicate_shuffle_seed": 7,
    "report_delay": 120,
}


def readings() -> list[tuple[str, Any]]:
    """Return each switch with each value that is not its default."""
    found: list[tuple[str, Any]] = []
    for name, hint in Switches.__annotations__.items():
        default = Switches().as_dict()[name]
        values = get_args(get_args(hint)[0]) or (NUMBERS[name],)
        found += [(name, value) for value in values if value != default]
    return found


@pytest.mark.parametrize(
    "reading", sorted(set(readings())), ids=lambda reading: f"{reading[0]}={reading[1]}"
)
@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_export_counts_only_rows_that_metrica_has_under_every_switch(
    job: Job, reading: tuple[str, Any]
) -> None:
    name, value = reading
    job.emulator.goals("good_lead")
    job.emulator.switches(**{name: value})
    job.emulator.fault("refuse:refused", "POST /data/", times=None)
    job.marts.contacts("c1", "c2", "refused")
    job.marts.orders("1", "2", "refused", client_uniq_id="c1")
    job.marts.orders("3", client_uniq_id="c2", order_status="good_lead")
    outcome = job.run()
    if name == "token_scope":
        assert outcome.exit_code == 4
        return
    assert outcome.exit_code == 0
    told: dict[str, set[str]] = {}
    for mart, key in (("contacts", "uniq_id"), ("orders", "id")):
        told[mart] = {row for row, (state, _) in job.states(mart).items() if state == "sent"}
        assert told[mart] <= set(job.held_by_metrica(mart, key))
    assert told["contacts"] == {"c1", "c2"}
    # Without the currency's column no order can say what its amounts are in.
    assert told["orders"] == (set() if name == "orders_csv_currency" else {"1", "2", "3"})
