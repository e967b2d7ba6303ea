"""Orders by the simplified method."""

from typing import Any

import pytest

from tests.support.emulator_fixture import RunningEmulator

PATH = "/data/simple_orders"
SAMPLE = (
    "id,create_date_time,client_uniq_id,client_ids,emails,phones,order_status,revenue,cost,goals,"
    "currency\n"
    's_ord1,10.01.2024 11:56,s_user1,,"mail@example.com,mail2@example.com",,PAID,200,150,'
    '"oplata_cash:200,filial_1",\n'
    "s_ord2,20.01.2024 11:59,,12345,mail3@example.com,,,200,150,,EUR\n"
    ",12.02.2024,,34456,,79876543210,SPAM,,,plohoy_lead,\n"
)
CREATED, PAID, SPAM = "CRM: Order created", "CRM: Order paid", "CRM: Spam order"


def errors(answer: Any) -> list[str]:  # noqa: ANN401 - a response
    assert answer.status_code == 200
    found: list[str] = answer.json()["uploading"]["api_validation_errors"]
    return found


def test_simple_orders_documented_sample_is_read_as_its_page_says(
    emulator: RunningEmulator,
) -> None:
    answer = emulator.upload(PATH, SAMPLE, delimiter_type="COMMA")
    assert errors(answer) == []
    assert answer.json()["uploading"]["elements_count"] == 3
    stored = emulator.sql(
        "select id, create_date_time, client_uniq_id, client_ids, emails, phones"
        " from simple_orders order by number"
    )
    mails = '["mail@example.com", "mail2@example.com"]'
    assert stored == [
        ("s_ord1", "2024-01-10 11:56:00", "s_user1", None, mails, None),
        ("s_ord2", "2024-01-20 11:59:00", None, '["12345"]', '["mail3@example.com"]', None),
        (None, "2024-02-12 23:59:00", None, '["34456"]', None, '["79876543210"]'),
    ]
    stored = emulator.sql("select order_status, revenue, cost from simple_orders order by number")
    assert stored == [("PAID", 200, 150), ("PAID", 200, 150), ("SPAM", None, None)]
    goals = emulator.sql(
        "select order_key, goal, revenue, currency from goals_reached order by order_key, goal"
    )
    assert goals == [
        ("1", CREATED, 50, "RUB"),
        ("1", PAID, 50, "RUB"),
        ("1", "filial_1", 50, "RUB"),
        ("1", "oplata_cash", 200, "RUB"),
        ("2", CREATED, 50, "EUR"),
        ("2", PAID, 50, "EUR"),
        ("3", SPAM, None, "RUB"),
        ("3", "plohoy_lead", None, "RUB"),
    ]


def test_order_without_an_id_is_new_every_time(emulator: RunningEmulator) -> None:
    for _ in range(2):
        emulator.upload(PATH, SAMPLE)
    assert emulator.sql("select id, count(*) from simple_orders group by id order by id") == [
        (None, 2),
        ("s_ord1", 1),
        ("s_ord2", 1),
    ]


def test_each_row_needs_an_identifier(emulator: RunningEmulator) -> None:
    content = "id,create_date_time,phones,emails\n1,10.01.2024,,\n2,10.01.2024,,a@b.ru\n"
    assert errors(emulator.upload(PATH, content)) == ["row 1: no_identifier"]
    without = "id,create_date_time\n1,10.01.2024\n"
    assert errors(emulator.upload(PATH, without)) == ["header: no_identifier"]


def test_simple_orders_status_is_a_default_one_or_a_goal(emulator: RunningEmulator) -> None:
    statuses = [{"id": "good_lead", "type": "PAID"}]
    emulator.call("POST", "/schema/order_statuses", json={"order_statuses": statuses})
    content = "id,create_date_time,phones,order_status\n1,10.01.2024,79995551111,good_lead\n"
    assert errors(emulator.upload(PATH, content)) == []
    assert emulator.sql("select status_type from simple_orders") == [("OTHER",)]
    assert emulator.sql("select goal from goals_reached") == [("good_lead",)]


def test_columns_of_the_detailed_method_are_unknown(emulator: RunningEmulator) -> None:
    content = "id,create_date_time,phones,products\n1,10.01.2024,79995551111,a:1\n"
    assert errors(emulator.upload(PATH, content)) == ["header: column 4: unknown_column"]


def test_simple_orders_columns_mapping_has_no_effect(emulator: RunningEmulator) -> None:
    content = "ИД,create_date_time,phones\n1,10.01.2024,79995551111\n"
    answer = emulator.upload(PATH, content, columns_mapping='"id":"ИД"')
    assert errors(answer) == ["header: column 1: unknown_column"]


@pytest.mark.parametrize("mode", ["SAVE", "UPDATE", "APPEND"])
def test_simple_orders_id_updates_its_order_in_every_mode(
    emulator: RunningEmulator, mode: str
) -> None:
    head = "id,create_date_time,phones,order_status\n"
    emulator.upload(PATH, f"{head}1,10.01.2024 10:00,79995551111,IN_PROGRESS\n", mode)
    emulator.upload(PATH, f"{head}1,10.01.2024 10:00,79995551111,PAID\n", mode)
    rows = "select number, order_status, create_date_time from simple_orders"
    assert emulator.sql(rows) == [(1, "PAID", "2024-01-10 10:00:00")]
