"""The mapping of order statuses: what differs, who changed it, and how it is put right."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from metrica_export.cli.main import cli
from metrica_export.errors import (
    ExportError,
    GateError,
    LedgerError,
    MetricaError,
    SettingsError,
)
from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica, Status
from metrica_export.review.status_mapping import Change, Drift, describe, diff, drift, find_drift
from metrica_export.settings import Gate
from metrica_export.warehouse.session import open_session

from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.scripted_fixture import ScriptedServer, ok

PAID = Status("sold", "PAID", "Sold", ("buy",))
NEW = Status("new", "IN_PROGRESS", "New")


# Pure comparisons.


@pytest.mark.parametrize(
    ("theirs", "kinds"),
    [
        ([], {"new": "create", "sold": "create"}),
        ([NEW, PAID], {}),
        ([NEW, Status("sold", "PAID", "Sold", ("buy",), source="USER")], {}),
        ([NEW, Status("sold", "OTHER", "Sold", ("buy",))], {"sold": "change"}),
        ([NEW, PAID, Status("old", "SPAM", source="USER")], {"old": "only_in_metrica"}),
        ([NEW, PAID, Status("old", "SPAM")], {"old": "only_in_metrica"}),
        # Nobody has mapped these.
        ([NEW, PAID, Status("x", "OTHER", source="AUTO"), Status("SPAM", "SPAM")], {}),
    ],
)
def test_status_mapping_diff_names_what_the_mart_and_metrica_map_otherwise(
    theirs: list[Status], kinds: dict[str, str]
) -> None:
    assert {change.id: change.kind for change in diff([NEW, PAID], theirs)} == kinds


@pytest.mark.parametrize(
    ("theirs", "fields"),
    [
        (None, {"type": ("", "PAID"), "humanized": ("", "Sold"), "goal_action_ids": ("", "buy")}),
        (Status("sold", "OTHER", "Sold", ("buy",)), {"type": ("OTHER", "PAID")}),
        (Status("sold", "PAID", "", ("buy",)), {"humanized": ("", "Sold")}),
        (Status("sold", "PAID", "Sold", ("a", "b")), {"goal_action_ids": ("a,b", "buy")}),
    ],
)
def test_status_mapping_change_says_from_what_to_what(
    theirs: Status | None, fields: dict[str, tuple[str, str]]
) -> None:
    assert Change("sold", theirs, PAID).fields() == fields


def test_status_mapping_shows_statuses_that_only_metrica_has() -> None:
    assert Change("old", Status("old", "SPAM"), None).fields() == {"type": ("SPAM", "")}


def test_status_mapping_name_that_the_mart_leaves_empty_is_metricas_business() -> None:
    bare = Status("sold", "PAID", "", ("buy",))
    assert diff([bare], [PAID]) == []
    assert drift([bare], [bare], [PAID]) == []


def test_default_statuses_need_not_be_listed() -> None:
    mapped = Status("PAID", "PAID", "Paid")
    assert diff([mapped], []) == []
    assert drift([mapped], [mapped], []) == []
    reaching = Status("PAID", "PAID", "", ("buy",))
    assert [change.kind for change in diff([reaching], [])] == ["create"]
    assert [change.kind for change in diff([reaching], [mapped])] == ["change"]


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        (PAID, PAID, []),
        # The mart has changed, and the next run sends it.
        (Status("sold", "SPAM", "Sold", ("buy",)), PAID, []),
        # Somebody has made in Metrica what the mart says by now.
        (Status("sold", "OTHER", "Sold", ("buy",)), Status("sold", "OTHER", "Sold", ("buy",)), []),
        (PAID, Status("sold", "OTHER", "Sold", ("buy",)), [Drift("sold", ("type",))]),
        (PAID, Status("sold", "PAID", "Sold"), [Drift("sold", ("goal_action_ids",))]),
        (PAID, Status("sold", "PAID", "Пр"), [Drift("sold", ("humanized", "goal_action_ids"))]),
        (PAID, None, [Drift("sold")]),
        # What left the mart is no longer ours.
        (None, Status("sold", "OTHER", "Sold", ("buy",)), []),
        (None, None, []),
    ],
)
def test_drift_is_what_neither_the_mart_nor_the_last_delivery_says(
    ours: Status | None, theirs: Status | None, found: list[Drift]
) -> None:
    here, there = [s for s in (ours,) if s], [s for s in (theirs,) if s]
    assert drift([PAID], here, there) == found


def test_status_mapping_without_delivery_has_no_drift() -> None:
    assert drift([], [PAID], [Status("sold", "OTHER")]) == []


def test_status_mapping_message_names_ten_statuses_and_counts_the_rest() -> None:
    text = describe([Drift(f"s{n}", ("type",)) for n in range(12)])["en"]
    assert "s0 (type), " in text
    assert "s9 (type) and 2 more. " in text
    assert "s10" not in text


# Metrica's answers.


def asked(server: ScriptedServer) -> Metrica:
    return Metrica(server.api, 10)


def test_statuses_are_read_under_each_name_that_a_page_gives_their_fields() -> None:
    listed: list[Any] = [
        {"id": "a", "type": "PAID", "goal_action_ids": ["z", "b"], "order_status_source": "USER"},
        {"id": "b", "type": "SPAM", "humanized": "Спам", "goal_action_ids": "g", "source": "AUTO"},
        {"id": "c", "type": None, "humanized": None, "goal_action_ids": None},
        {"type": "PAID"},
        "d",
    ]
    with ScriptedServer(ok(order_statuses=listed)) as server:
        found = asked(server).statuses()
    assert found == [
        Status("a", "PAID", "", ("b", "z")),
        Status("b", "SPAM", "Спам", ("g",)),
        Status("c", ""),
    ]
    assert [status.source for status in found] == ["USER", "AUTO", None]


def test_goals_are_the_ids_of_javascript_events() -> None:
    def goal(type_: str, *conditions: dict[str, Any]) -> dict[str, Any]:
        return {"id": 1, "name": "x", "type": type_, "conditions": list(conditions)}

    exact = {"type": "exact", "url": "lead"}
    with ScriptedServer(
        ok(
            goals=[
                goal("action", exact),
                goal("url", {"type": "exact", "url": "/thanks"}),
                goal("action", {"type": "contain", "url": "le"}),
                {"id": 2, "type": "number", "depth": 3},
            ]
        )
    ) as server:
        assert asked(server).goals() == {"lead"}


@pytest.mark.parametrize("ask", [Metrica.statuses, Metrica.goals])
def test_status_mapping_answer_without_the_list_is_not_taken_for_an_empty_one(
    ask: Callable[[Metrica], object],
) -> None:
    with ScriptedServer(ok()) as server, pytest.raises(MetricaError, match="--api-url"):
        ask(asked(server))


# Against the emulator.


@pytest.fixture
def mapped(job: Job) -> Job:
    """Return a job with two statuses that Metrica has taken, and an order in one of them."""
    job.marts.put(
        "order_statuses",
        {"id": "new", "type": "IN_PROGRESS", "humanized": "New"},
        {"id": "sold", "type": "PAID", "humanized": "Sold", "goal_action_ids": "buy"},
    )
    job.marts.contacts("c1")
    job.marts.orders("1", order_status="sold")
    assert job.sent() == {"order_statuses": 2, "contacts": 1, "orders": 1}
    return job


def edit(emulator: RunningEmulator, **status: Any) -> None:
    """Change a status as a person does in Metrica's interface."""
    url = f"{emulator.url}/debug/order_statuses"
    requests.post(url, json=status, timeout=10).raise_for_status()


def delete(emulator: RunningEmulator, key: str) -> None:
    """Delete a status as a person does in Metrica's interface."""
    url = f"{emulator.url}/debug/order_statuses"
    requests.delete(url, params={"id": key}, timeout=10).raise_for_status()


def drifts(job: Job) -> list[Drift]:
    with open_session(job.dbt, read_only=True) as session:
        api = Api(job.emulator.url, job.emulator.counter, job.emulator.token)
        ledger = Ledger(session.wh, job.emulator.counter)
        metrica = Metrica(api, 10)
        return find_drift(session.wh, ledger, session.marts, metrica)


def command(job: Job, *words: str, answers: str | None = None) -> Result:
    """Run a command of `schema` for the job."""
    arguments = ["schema", *words, *job.marts.flags, "--api-url", job.emulator.url]
    env = {"METRICA_TOKEN": job.emulator.token, "METRICA_COUNTER_ID": str(job.emulator.counter)}
    return CliRunner().invoke(cli, arguments, env=env, input=answers)


def test_there_is_no_drift_after_a_delivery(mapped: Job) -> None:
    assert drifts(mapped) == []


def test_status_mapping_names_statuses_edited_in_metrica(mapped: Job) -> None:
    edit(mapped.emulator, id="sold", type="OTHER", goal_action_ids=["other"])
    delete(mapped.emulator, "new")
    mapped.marts.contacts("c9")
    before = mapped.uploads()
    outcome = mapped.run()
    assert outcome.exit_code == 6
    for text in ("new (gone), sold (type, goal_action_ids)", "schema apply", "--accept drift"):
        assert text in (outcome.error or "")
    assert mapped.uploads() == before


def test_drift_stops_a_run_of_orders_alone(mapped: Job) -> None:
    edit(mapped.emulator, id="sold", type="OTHER")
    mapped.marts.contacts("c1")
    mapped.marts.orders("1", order_status="sold")
    assert mapped.run(("contacts", "orders")).exit_code == 6
    assert mapped.run(("contacts",)).exit_code == 0


def test_drift_can_be_accepted_once(mapped: Job) -> None:
    edit(mapped.emulator, id="sold", type="OTHER")
    mapped.marts.contacts("c1")
    assert mapped.run(gate=Gate(accepted=frozenset({"paid"}))).exit_code == 6
    assert mapped.run(gate=Gate(accepted=frozenset({"drift"}))).exit_code == 0
    assert mapped.held_by_metrica("contacts", "uniq_id") == {"c1": "c1"}
    assert mapped.run().exit_code == 6


def test_status_mapping_seed_that_takes_over_the_edit_ends_the_drift(mapped: Job) -> None:
    edit(mapped.emulator, id="sold", type="OTHER")
    row = {"id": "sold", "type": "OTHER", "humanized": "Sold", "goal_action_ids": "buy"}
    mapped.marts.put("order_statuses", row)
    assert drifts(mapped) == []
    assert mapped.sent() == {"order_statuses": 1}
    assert drifts(mapped) == []


@pytest.mark.parametrize("status", ["started", "unknown"])
def test_nothing_is_claimed_while_the_last_uploads_outcome_is_not_known(
    mapped: Job, status: str
) -> None:
    edit(mapped.emulator, id="sold", type="OTHER")
    mapped.marts.sql(
        "insert into metrica_export.ledger_uploads (upload_no, run_no, counter_id, entity, "
        "row_count, byte_count, sha256, local_api, started_at, status) values "
        f"(99, 1, {mapped.emulator.counter}, 'order_statuses', 2, 1, 'x', true, now(), '{status}')"
    )
    assert drifts(mapped) == []
    mapped.marts.sql(
        "update metrica_export.ledger_uploads set status = 'FAILED' where status <> 'PASSED'"
    )
    assert drifts(mapped) == [Drift("sold", ("type",))]


def test_nothing_is_claimed_before_the_first_delivery(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "sold", "type": "PAID"})
    edit(job.emulator, id="sold", type="OTHER")
    assert drifts(job) == []
    assert job.emulator.sql("select count(*) from requests") == [(0,)]


def test_status_mapping_status_that_left_the_mart_is_not_missed(mapped: Job) -> None:
    mapped.emulator.switches(statuses_post="replace")
    mapped.marts.sql("delete from metrica.order_statuses where id = 'new'")
    row = {"id": "sold", "type": "PAID", "humanized": "Sold!", "goal_action_ids": "buy"}
    mapped.marts.put("order_statuses", row)
    assert mapped.sent() == {"order_statuses": 1}
    assert mapped.held_by_metrica("order_statuses", "type") == {"sold": "PAID"}
    assert drifts(mapped) == []


# The commands.


def test_diff_shows_what_the_first_run_will_make(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "sold", "type": "PAID", "humanized": "Продан"})
    shown = command(job, "diff", "--json")
    assert shown.exit_code == 1
    assert json.loads(shown.stdout) == {
        "statuses": [
            {
                "id": "sold",
                "change": "create",
                "fields": {
                    "type": {"in_metrica": "", "in_mart": "PAID"},
                    "humanized": {"in_metrica": "", "in_mart": "Продан"},
                },
            }
        ],
        "attributes": [
            {
                "mart": mart,
                "name": name,
                "in_metrica": None,
                "in_mart": "numeric",
            }
            for mart, name in (("contacts", "identifiers_count"), ("orders", "items_count"))
        ],
        "equal": False,
    }
    table = command(job, "diff")
    assert table.exit_code == 1
    for word in ("sold", "Продан", "items_count", "numeric"):
        assert word in table.stdout
    assert job.emulator.sql("select count(*) from requests where method <> 'GET'") == [(0,)]


def test_diff_is_content_after_a_run(mapped: Job) -> None:
    assert json.loads(command(mapped, "diff", "--json").stdout)["equal"] is True
    shown = command(mapped, "diff")
    assert (shown.exit_code, "equal those of the marts" in shown.stdout) == (0, True)


def test_status_mapping_keeps_statuses_that_only_metrica_has(mapped: Job) -> None:
    edit(mapped.emulator, id="theirs", type="SPAM")
    shown = command(mapped, "diff", "--json")
    assert shown.exit_code == 0
    (change,) = json.loads(shown.stdout)["statuses"]
    assert (change["id"], change["change"]) == ("theirs", "only_in_metrica")
    applied = command(mapped, "apply")
    assert (applied.exit_code, "nothing to apply" in applied.stdout) == (0, True)
    assert mapped.held_by_metrica("order_statuses", "type")["theirs"] == "SPAM"


def test_apply_puts_back_what_was_edited_and_the_next_run_sends_nothing(mapped: Job) -> None:
    edit(mapped.emulator, id="sold", type="OTHER", goal_action_ids=[])
    delete(mapped.emulator, "new")
    applied = command(mapped, "apply", "--json", "--yes")
    assert applied.exit_code == 0, applied.output
    found = json.loads(applied.stdout)["statuses"]
    assert {change["id"]: change["change"] for change in found} == {
        "new": "create",
        "sold": "change",
    }
    assert mapped.held_by_metrica("order_statuses", "type") == {
        "new": "IN_PROGRESS",
        "sold": "PAID",
    }
    assert drifts(mapped) == []
    assert mapped.sent() == {}
    assert json.loads(command(mapped, "diff", "--json").stdout)["equal"] is True


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_apply_without_a_terminal_and_without_yes_sends_nothing(
    mapped: Job, words: tuple[str, ...]
) -> None:
    edit(mapped.emulator, id="sold", type="OTHER")
    requests_made = "select count(*) from requests where method <> 'GET'"
    before = mapped.emulator.sql(requests_made)
    applied = command(mapped, "apply", *words)
    assert isinstance(applied.exception, SettingsError)
    assert "pass --yes" in str(applied.exception)
    assert ("in Metrica" in applied.stdout) == (not words)
    assert mapped.emulator.sql(requests_made) == before
    assert mapped.held_by_metrica("order_statuses", "type")["sold"] == "OTHER"


@pytest.mark.parametrize(("answer", "type_"), [("y", "PAID"), ("n", "OTHER"), ("", "OTHER")])
def test_apply_shows_the_difference_and_asks_on_a_terminal(
    mapped: Job, monkeypatch: pytest.MonkeyPatch, answer: str, type_: str
) -> None:
    edit(mapped.emulator, id="sold", type="OTHER")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    applied = command(mapped, "apply", answers=f"{answer}\n")
    table, _, asked = applied.stdout.partition("Write 1 order status to counter")
    assert "OTHER" in table
    assert asked
    assert applied.exit_code == (0 if answer == "y" else 1)
    assert mapped.held_by_metrica("order_statuses", "type")["sold"] == type_


def test_apply_sends_nothing_if_the_difference_changes_after_it_was_shown(
    mapped: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(mapped.emulator, id="sold", type="OTHER")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)

    def answer(*_: Any, **__: Any) -> bool:
        delete(mapped.emulator, "new")
        return True

    monkeypatch.setattr("click.confirm", answer)
    applied = command(mapped, "apply")
    assert isinstance(applied.exception, GateError)
    assert mapped.held_by_metrica("order_statuses", "type") == {"sold": "OTHER"}


def test_apply_works_before_the_first_run(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "sold", "type": "PAID"})
    applied = command(job, "apply", "--yes")
    assert applied.exit_code == 0, applied.output
    assert "1 + 0 + 0 + 0 = 1" in applied.stdout
    assert job.sent() == {}
    assert drifts(job) == []


def test_apply_leaves_a_ledger_of_another_destination_as_it_is(mapped: Job) -> None:
    mapped.marts.sql("update metrica_export.ledger_uploads set local_api = false")
    edit(mapped.emulator, id="sold", type="OTHER")
    deliveries = "select count(*) from metrica_export.ledger_deliveries"
    before = mapped.marts.sql(deliveries)
    applied = command(mapped, "apply", "--yes")
    assert isinstance(applied.exception, LedgerError)
    assert mapped.marts.sql(deliveries) == before


def test_status_mapping_apply_that_metrica_refuses_is_made_good_by_the_next(mapped: Job) -> None:
    edit(mapped.emulator, id="sold", type="OTHER")
    mapped.emulator.fault("status:403", "POST /schema/order_statuses")
    refused = command(mapped, "apply", "--yes")
    assert isinstance(refused.exception, ExportError)
    assert refused.exception.exit_code == 4
    assert drifts(mapped) == [Drift("sold", ("type",))]
    assert command(mapped, "apply", "--yes").exit_code == 0
    assert mapped.held_by_metrica("order_statuses", "type")["sold"] == "PAID"
    assert drifts(mapped) == []
