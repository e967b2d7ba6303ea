"""Files that Metrica refuses: the guilty rows are found, and all others arrive."""

from collections import Counter

import pytest
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.client import Metrica

from tests.support.job import Job

pytestmark = pytest.mark.parametrize("job", ["duckdb"], indirect=True)

EVERY_SECOND = "i % 2 = 1"


def fill(job: Job, rows: int, guilty: str, **cells: str) -> set[str]:
    """Put orders that Metrica refuses where `guilty`, SQL over their number `i`, is true.

    `cells` are SQL over `i` and `guilty`. Returns the ids of the others.
    """
    job.marts.contacts("c1")
    columns = {
        "id": "'o' || i",
        "client_uniq_id": "'c1'",
        "client_type": "'CONTACT'",
        "create_date_time": "timestamp '2026-11-01 10:00:00' + interval (i % 7) minute",
        "order_status": "'PAID'",
        "revenue": "100.5 + i",
        "currency": "'RUB'",
        "items_count": "i % 5",
    } | cells
    job.marts.sql(
        f"insert into metrica.orders ({', '.join(columns)}, updated_at) "
        f"select {', '.join(columns.values())}, timestamptz '2026-11-02 00:00:00+00' "
        f"from (select range as i, {guilty.replace('i ', 'range ')} as guilty "
        f"from range(1, {rows + 1}))"
    )
    # It gives all rows their hash.
    job.marts.put("orders")
    refused = job.marts.sql(f"select 'o' || i from range(1, {rows + 1}) r(i) where {guilty}")
    ids = ",".join(key for (key,) in refused)
    job.emulator.fault(f"refuse:{ids}", "POST /data/orders/csv", times=None)
    return {f"o{i}" for i in range(1, rows + 1)} - set(ids.split(","))


def arrived(job: Job) -> set[str]:
    return set(job.held_by_metrica("orders", "id"))


def verdicts(job: Job) -> Counter[tuple[str, str | None, str | None]]:
    """Return how many orders have a state, reason and column."""
    return Counter(
        job.marts.sql(
            "select state, reason, column_name from metrica_export.mart_rows "
            "where entity = 'orders' and state <> 'sent'"
        )
    )


TRAITS = {
    "value": {"currency": "if(guilty, 'EUR', 'RUB')"},
    "two values": {"currency": "if(guilty, if(i % 3 = 0, 'EUR', 'USD'), 'RUB')"},
    "empty": {"finish_date_time": "if(guilty, null, timestamp '2026-11-01 11:00:00')"},
    "filled": {"cost": "if(guilty, 1.5 + i, null)"},
    "form of a text": {"id": "'o' || i", "goals": "if(guilty, 'g-' || i, 'g' || i)"},
    "element of a list": {"goals": "'g' || i || if(guilty, ',bad:' || i, ',good:' || i)"},
    "custom attribute": {"items_count": "if(guilty, 7, i % 5)"},
}


@pytest.mark.parametrize("trait", TRAITS)
def test_refused_orders_that_share_a_trait_stop_no_other_order(job: Job, trait: str) -> None:
    good = fill(job, 3_000, EVERY_SECOND, **TRAITS[trait])
    outcome = job.run()
    orders = outcome.entities["orders"]
    assert arrived(job) == good
    assert (orders.sent, orders.rejected + orders.held) == (len(good), 1_500)
    assert orders.uploads <= 60


BLOCK = "i <= 1500"


def test_guilty_orders_that_stand_together_are_told_apart_by_samples(job: Job) -> None:
    good = fill(job, 3_000, BLOCK, currency="if(guilty, 'EUR', 'RUB')")
    assert job.run().entities["orders"].uploads <= 60
    assert arrived(job) == good


def test_suspects_are_held_with_the_column_and_the_reason(job: Job) -> None:
    fill(job, 3_000, EVERY_SECOND, currency="if(guilty, 'EUR', 'RUB')")
    job.run()
    found = verdicts(job)
    held = ("held", "refused_with_others", "currency")
    assert set(found) == {("rejected", "refused_by_metrica", None), held}
    assert found[held] > 1_480
    details = job.marts.sql(
        "select distinct detail from metrica_export.mart_rows "
        "where state = 'held' and entity = 'orders'"
    )
    assert details == [("row … refused_by_fault",)]


def test_suspects_go_last_in_the_next_run_and_take_few_requests(job: Job) -> None:
    good = fill(job, 3_000, EVERY_SECOND, currency="if(guilty, 'EUR', 'RUB')")
    job.run()
    job.marts.orders("new")
    before = len(job.uploads())
    outcome = job.run()
    orders = outcome.entities["orders"]
    assert (orders.sent, orders.uploads) == (1, 5)
    assert job.uploads()[before][1] == 1
    job.emulator.clear_faults()
    orders = job.run().entities["orders"]
    assert (orders.held, orders.uploads) == (0, 1)
    assert len(arrived(job)) + orders.rejected == 3_001
    assert arrived(job) > good


def test_orders_that_are_refused_without_exception_take_few_requests(job: Job) -> None:
    fill(job, 3_000, "i > 0")
    outcome = job.run()
    orders = outcome.entities["orders"]
    assert (orders.sent, orders.rejected + orders.held) == (0, 3_000)
    assert orders.uploads <= 40


def test_orders_under_a_wrong_suspicion_arrive(job: Job) -> None:
    good = fill(
        job, 1_000, "i % 8 = 1", currency="if(i % 4 = 1, 'EUR', 'RUB')", cost="if(guilty, 1, 2)"
    )
    job.run()
    assert arrived(job) == good


def test_guilty_orders_without_a_common_trait_stop_few_others(job: Job) -> None:
    good = fill(job, 3_000, "(i * 7919) % 3001 % 300 = 3")
    first = job.run().entities["orders"]
    assert first.uploads <= 102
    assert first.sent > 2_500
    second = job.run().entities["orders"]
    assert (arrived(job), second.held) == (good, 0)


def test_search_order_that_was_never_refused_goes_before_those_that_were(job: Job) -> None:
    fill(job, 500, "i % 5 = 1")
    job.run(split_requests=2)
    job.marts.orders("new")
    outcome = job.run(split_requests=0)
    assert "new" in arrived(job)
    assert outcome.entities["orders"].sent >= 1


def test_steps_that_are_refused_for_one_status_hold_no_other_order(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "new", "type": "IN_PROGRESS"})
    good = fill(
        job,
        400,
        EVERY_SECOND,
        order_status="if(guilty, 'CANCELLED', 'PAID')",
        status_path="'new,' || if(guilty, 'CANCELLED', 'PAID')",
    )
    job.emulator.clear_faults()
    ids = ",".join({f"o{i}" for i in range(1, 401)} - good)
    job.emulator.fault(f"refuse:{ids}", "POST /data/orders/csv", skip=1, times=None)
    orders = job.run().entities["orders"]
    assert orders.sent == len(good)
    assert orders.uploads <= 45


def test_reasons_of_held_files_have_no_word_of_their_rows(job: Job) -> None:
    fill(job, 20, EVERY_SECOND, goals="if(i = 20, 'refused_by_fault', 'x')")
    job.run(split_requests=0)
    details = job.marts.sql(
        "select distinct detail from metrica_export.mart_rows "
        "where state = 'held' and entity = 'orders'"
    )
    assert details == [("row …" + " row …" * 9,)]


def test_reasons_have_no_part_of_a_word_of_their_rows(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Answer("FAILED", "u1", errors="bad name Hubert or WOLFE here")
    monkeypatch.setattr(Metrica, "upload", lambda *_: answer)
    job.marts.contacts("c1", name="Hubertblaine Wolfe")
    job.run(only=("contacts",))
    details = job.marts.sql("select detail from metrica_export.ledger_verdicts")
    assert details == [("bad name … or … here",)]


def test_rows_without_an_outcome_have_no_reason_of_other_rows(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([Answer("FAILED", "u1", errors="bad thing"), Answer("unknown", None)])
    monkeypatch.setattr(Metrica, "upload", lambda *_: next(answers))
    job.marts.contacts("c1", "c2")
    job.run(only=("contacts",), chunk_rows=1)
    details = job.marts.sql(
        "select reason, detail from metrica_export.ledger_verdicts order by reason"
    )
    assert details == [("outcome_unknown", None), ("refused_by_metrica", "bad thing")]


def test_searches_take_no_more_requests_than_they_may(job: Job) -> None:
    good = fill(job, 60, EVERY_SECOND, currency="if(guilty, 'EUR', 'RUB')")
    for budget in (2, 5, 18):
        job.marts.sql("drop schema if exists metrica_export cascade")
        orders = job.run(split_requests=budget).entities["orders"]
        assert orders.sent <= len(good)
        assert orders.uploads <= 1 + budget


@pytest.mark.parametrize(("numbers", "kept"), [(998, "… word"), (999, "… wo"), (1_000, "…")])
def test_reasons_are_looked_at_up_to_2000_characters(
    job: Job, monkeypatch: pytest.MonkeyPatch, numbers: int, kept: str
) -> None:
    answer = Answer("FAILED", "u1", errors="1 " * numbers + "word")
    monkeypatch.setattr(Metrica, "upload", lambda *_: answer)
    job.marts.contacts("c1")
    job.run(only=("contacts",))
    details = job.marts.sql("select detail from metrica_export.ledger_verdicts")
    assert details == [(kept,)]
