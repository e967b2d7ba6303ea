"""Goals that orders reach, and their revenue."""

import pytest

from tests.support.emulator_fixture import RunningEmulator

CREATED, PAID = "CRM: Order created", "CRM: Order paid"
CANCELLED, SPAM = "CRM: Order cancelled", "CRM: Spam order"


def send(emulator: RunningEmulator, status: str, **columns: object) -> None:
    names = "id;client_uniq_id;client_type;create_date_time;order_status"
    extra = "".join(f";{name}" for name in columns)
    values = "".join(f";{value}" for value in columns.values())
    content = f"{names}{extra}\n1;c;CONTACT;2026-01-10 11:56:00;{status}{values}\n"
    answer = emulator.upload("/data/orders/csv", content, delimiter_type="SEMICOLON")
    assert answer.json()["uploading"]["api_validation_errors"] == []


def reached(emulator: RunningEmulator) -> dict[str, float | None]:
    return dict(emulator.sql("select goal, revenue from goals_reached where order_id = '1'"))


def map_status(emulator: RunningEmulator, **status: object) -> None:
    answer = emulator.call("POST", "/schema/order_statuses", json={"order_statuses": [status]})
    assert answer.json() == {"success": True}


def create_goal(emulator: RunningEmulator, goal: str) -> None:
    emulator_url = emulator.crm.replace("/cdp/api/v1/", "/management/v1/")
    conditions = [{"type": "exact", "url": goal}]
    body = {"goal": {"name": goal, "type": "action", "conditions": conditions}}
    answer = emulator.call_url("POST", f"{emulator_url}/goals", json=body)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("status", "goals"),
    [
        ("IN_PROGRESS", {CREATED}),
        ("PAID", {CREATED, PAID}),
        ("CANCELLED", {CANCELLED}),
        ("SPAM", {SPAM}),
    ],
)
def test_each_default_status_reaches_its_goals(
    emulator: RunningEmulator, status: str, goals: set[str]
) -> None:
    send(emulator, status)
    assert set(reached(emulator)) == goals


@pytest.mark.parametrize(
    ("columns", "worth"),
    [
        ({}, None),
        ({"revenue": 200}, 200),
        ({"revenue": 200, "cost": 150}, 50),
        ({"revenue": 0.3, "cost": 0.1}, 0.2),
        ({"revenue": 100, "cost": 150}, -50),
        ({"cost": 150}, None),
    ],
)
def test_goal_is_worth_revenue_minus_cost(
    emulator: RunningEmulator, columns: dict[str, float], worth: float | None
) -> None:
    send(emulator, "IN_PROGRESS", **columns)
    assert reached(emulator) == {CREATED: worth}


def test_goals_own_price_wins(emulator: RunningEmulator) -> None:
    send(emulator, "IN_PROGRESS", revenue=200, cost=150, goals="a:7,b")
    assert reached(emulator) == {CREATED: 50, "a": 7, "b": 50}


def test_goals_are_in_the_orders_currency_or_in_roubles(emulator: RunningEmulator) -> None:
    send(emulator, "IN_PROGRESS", revenue=200, currency="EUR")
    assert emulator.sql("select currency from goals_reached") == [("EUR",)]
    emulator.reset()
    send(emulator, "IN_PROGRESS", revenue=200)
    assert emulator.sql("select currency from goals_reached") == [("RUB",)]


def test_goals_add_up_over_the_life_of_an_order(emulator: RunningEmulator) -> None:
    send(emulator, "IN_PROGRESS", revenue=100)
    send(emulator, "PAID", revenue=120)
    send(emulator, "CANCELLED", revenue=120)
    assert reached(emulator) == {CREATED: 120, PAID: 120, CANCELLED: 120}


def test_goal_is_reached_once(emulator: RunningEmulator) -> None:
    for _ in range(3):
        send(emulator, "PAID", revenue=100)
    assert emulator.sql("select count(*) from goals_reached") == [(2,)]


def test_goals_mapped_status_reaches_its_types_goals_and_its_own(emulator: RunningEmulator) -> None:
    map_status(emulator, id="delivery", type="IN_PROGRESS", goal_action_ids=["dostavka"])
    send(emulator, "delivery", revenue=10)
    assert reached(emulator) == {CREATED: 10, "dostavka": 10}


def test_goals_javascript_goal_as_status_is_reached_itself(emulator: RunningEmulator) -> None:
    create_goal(emulator, "good_lead")
    send(emulator, "good_lead", revenue=10)
    assert reached(emulator) == {"good_lead": 10}
    assert emulator.sql("select status_type from orders") == [("OTHER",)]
    assert emulator.sql("select * from order_statuses") == []


def test_goals_status_of_type_other_reaches_no_crm_goal(emulator: RunningEmulator) -> None:
    map_status(emulator, id="parked", type="OTHER")
    send(emulator, "parked", revenue=10)
    assert reached(emulator) == {}
