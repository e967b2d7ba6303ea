"""The debug routes."""

from typing import Any

import pytest
import requests
from metrica_emulator.authority import authorise_debug
from metrica_emulator.options import EmulatorOptions
from metrica_emulator.refusal import Refusal
from metrica_emulator.switches import Switches
from starlette.datastructures import Headers

from tests.support.emulator_fixture import RunningEmulator

AT_FIRST = Switches(columns_mapping_required="off")
"""The switches that the emulator of these tests is started with."""


def debug(emulator: RunningEmulator, name: str) -> Any:  # noqa: ANN401 - JSON
    answer = requests.get(f"{emulator.url}/debug/{name}", timeout=10)
    assert answer.status_code == 200
    return answer.json()[name]


def test_debug_dumps_stored_rows(emulator: RunningEmulator) -> None:
    emulator.upload("/data/contacts/csv", "uniq_id,name\nc1,Anna\n")
    head = "id,client_uniq_id,client_type,create_date_time,order_status\n"
    rows = "1,c1,CONTACT,2026-01-01 10:00:00,PAID\n2,c2,CONTACT,2026-01-01 10:00:00,SPAM\n"
    emulator.upload("/data/orders/csv", head + rows)
    assert [contact["name"] for contact in debug(emulator, "contacts")] == ["Anna"]
    assert [order["id"] for order in debug(emulator, "orders")] == ["1", "2"]
    assert [(g["order_id"], g["goal"]) for g in debug(emulator, "goals_reached")] == [
        ("1", "CRM: Order created"),
        ("1", "CRM: Order paid"),
        ("2", "CRM: Spam order"),
    ]
    assert [u["entity"] for u in debug(emulator, "uploads")] == ["contacts", "orders"]
    assert [r["status"] for r in debug(emulator, "requests")] == [200, 200]
    assert len(debug(emulator, "applied")) == 3
    for name in ("simple_orders", "order_statuses", "attributes", "products", "goals"):
        assert debug(emulator, name) == []


def test_debug_dump_of_something_else_is_404(emulator: RunningEmulator) -> None:
    answer = requests.get(f"{emulator.url}/debug/sqlite_master", timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (404, 404)


def test_switches_are_read_and_changed(emulator: RunningEmulator) -> None:
    assert debug(emulator, "switches") == AT_FIRST.as_dict()
    emulator.switches(products_in_list=True, delayed_visibility=2)
    assert debug(emulator, "switches") == AT_FIRST.as_dict() | {
        "products_in_list": "on",
        "delayed_visibility": 2,
    }
    with pytest.raises(ValueError, match="There is no switch"):
        emulator.switches(unknown="x")
    with pytest.raises(ValueError, match="takes fail or ignore"):
        emulator.switches(unknown_column="maybe")
    assert debug(emulator, "switches")["unknown_column"] == "fail"


@pytest.mark.parametrize(
    ("content", "now"),
    [
        ({"now": "2030-01-02T03:04:05Z"}, "2030-01-02T03:04"),
        ({"now": "2030-01-02T03:04:05+03:00"}, "2030-01-02T00:04"),
    ],
)
def test_debug_clock_can_be_set(
    emulator: RunningEmulator, content: dict[str, str], now: str
) -> None:
    answer = requests.post(f"{emulator.url}/debug/now", json=content, timeout=10)
    assert answer.json()["now"].startswith(now)
    assert debug(emulator, "now").startswith(now)


@pytest.mark.parametrize(
    "content", [{}, {"now": "yesterday"}, {"now": "2030-01-02T03:04:05"}, {"offset_seconds": "x"}]
)
def test_debug_wrong_time_is_refused(emulator: RunningEmulator, content: dict[str, str]) -> None:
    answer = requests.post(f"{emulator.url}/debug/now", json=content, timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "name", ["switches", "quotas", "now", "faults", "order_statuses", "visits"]
)
def test_debug_body_that_is_no_object_is_refused(emulator: RunningEmulator, name: str) -> None:
    for body in (b"{", b"5"):
        answer = requests.post(f"{emulator.url}/debug/{name}", data=body, timeout=10)
        assert answer.status_code == 400
        assert answer.json()["message"]


def test_reset_puts_everything_back(emulator: RunningEmulator) -> None:
    emulator.upload("/data/contacts/csv", "uniq_id\n1\n")
    emulator.switches(products_in_list="on")
    emulator.quotas(parallel=1)
    emulator.move_clock(86400)
    emulator.fault("failed")
    emulator.reset()
    for table in ("contacts", "uploads", "requests", "applied"):
        assert emulator.sql(f"select count(*) from {table}") == [(0,)]
    assert debug(emulator, "switches") == AT_FIRST.as_dict()
    assert debug(emulator, "quotas")["parallel"] == 3
    assert debug(emulator, "faults") == []
    emulator.upload("/data/contacts/csv", "uniq_id\n1\n")
    assert emulator.sql("select number from uploads") == [(1,)]


def test_debug_requests_are_neither_logged_nor_counted(emulator: RunningEmulator) -> None:
    emulator.quotas(requests_per_second=0)
    for _ in range(3):
        debug(emulator, "contacts")
    assert emulator.sql("select count(*) from requests") == [(0,)]


def edit_status(emulator: RunningEmulator, **fields: object) -> requests.Response:
    return requests.post(f"{emulator.url}/debug/order_statuses", json=fields, timeout=10)


def test_statuses_can_be_changed_as_in_the_interface(emulator: RunningEmulator) -> None:
    status: dict[str, object] = {"id": "won", "type": "PAID", "humanized": "Won"}
    status["goal_action_ids"] = ["lead"]
    emulator.call("POST", "/schema/order_statuses", json={"order_statuses": [status]})
    changes: list[dict[str, object]] = [
        {"type": "CANCELLED"},
        {"humanized": "Lost"},
        {"goal_action_ids": []},
    ]
    for change in changes:
        status |= change
        assert edit_status(emulator, id="won", **change).status_code == 200
        [listed] = emulator.call("GET", "/schema/order_statuses").json()["order_statuses"]
        assert listed == status | {"order_status_source": "USER"}
    assert edit_status(emulator, id="new", type="OTHER").status_code == 200
    assert {row["id"] for row in debug(emulator, "order_statuses")} == {"new", "won"}


def test_statuses_can_be_deleted_as_in_the_interface(emulator: RunningEmulator) -> None:
    edit_status(emulator, id="won", type="PAID")
    url = f"{emulator.url}/debug/order_statuses"
    assert requests.delete(url, params={"id": "lost"}, timeout=10).status_code == 404
    assert requests.delete(url, params={"id": "won"}, timeout=10).status_code == 200
    assert debug(emulator, "order_statuses") == []


@pytest.mark.parametrize(
    "fields",
    [{"id": "new"}, {"id": "new", "type": "WON"}, {"type": "PAID"}, {"id": "a", "source": "AUTO"}],
)
def test_debug_wrong_change_of_a_status_is_refused(
    emulator: RunningEmulator, fields: dict[str, object]
) -> None:
    assert edit_status(emulator, **fields).status_code == 400
    assert debug(emulator, "order_statuses") == []


def test_goals_can_be_given_and_are_listed_as_the_counters(emulator: RunningEmulator) -> None:
    url = f"{emulator.url}/debug/javascript_goals"
    for _ in range(2):
        assert requests.post(url, json=["lead", "call"], timeout=10).status_code == 200
    assert requests.post(url, json=["x", 1], timeout=10).status_code == 400
    path = emulator.crm.replace("/cdp/api/v1/", "/management/v1/") + "/goals"
    assert emulator.call_url("GET", path).json() == {
        "goals": [
            {
                "id": number,
                "name": goal,
                "type": "action",
                "conditions": [{"type": "exact", "url": goal}],
            }
            for number, goal in enumerate(("lead", "call"), start=1)
        ]
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "attacker.example:80"},
        {"Host": "127.0.0.1.attacker.example"},
        {"Host": "localhost.attacker.example"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "attacker.example", "Authorization": "OAuth another"},
    ],
)
def test_debug_routes_refuse_a_web_page_without_the_token(
    emulator: RunningEmulator, headers: dict[str, str]
) -> None:
    for method, name in (("GET", "contacts"), ("POST", "reset"), ("POST", "switches")):
        url = f"{emulator.url}/debug/{name}"
        refused = requests.request(method, url, headers=headers, json={}, timeout=10)
        assert (refused.status_code, refused.json()["errors"][0]["error_type"]) == (
            403,
            "access_denied",
        )
        allowed = headers | emulator.authorization
        assert requests.request(method, url, headers=allowed, json={}, timeout=10).ok


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:80"])
def test_debug_routes_answer_a_program_on_this_machine(
    emulator: RunningEmulator, host: str
) -> None:
    answer = requests.get(f"{emulator.url}/debug/now", headers={"Host": host}, timeout=10)
    assert answer.ok


@pytest.mark.parametrize(
    ("client", "allowed"), [("127.0.0.1", True), ("::1", True), ("192.0.2.7", False)]
)
def test_debug_routes_need_the_token_from_another_machine(client: str, *, allowed: bool) -> None:
    options = EmulatorOptions(1, "the-token")
    host = Headers({"host": "localhost"})
    if allowed:
        authorise_debug(host, client, options)
    else:
        with pytest.raises(Refusal):
            authorise_debug(host, client, options)
    authorise_debug(Headers({"authorization": "OAuth the-token"}), client, options)
