"""Orders by the detailed method, in CSV and JSON."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.emulator_fixture import RunningEmulator

CSV = "/data/orders/csv"
HEADER = "id;client_uniq_id;client_type;create_date_time;order_status"


def errors(answer: Any) -> list[str]:  # noqa: ANN401 - a response
    assert answer.status_code == 200
    found: list[str] = answer.json()["uploading"]["api_validation_errors"]
    return found


def send(emulator: RunningEmulator, content: str, mode: str = "SAVE") -> list[str]:
    return errors(emulator.upload(CSV, content, mode, delimiter_type="SEMICOLON"))


def order(emulator: RunningEmulator, status: str, extra: str = "", values: str = "") -> list[str]:
    row = f"1;c1;CONTACT;2026-01-10 11:56:00;{status}{values}\n"
    return send(emulator, f"{HEADER}{extra}\n{row}")


def send_json(emulator: RunningEmulator, **fields: object) -> list[str]:
    body = {
        "id": "1",
        "client_uniq_id": "c1",
        "client_type": "CONTACT",
        "create_date_time": "2026-01-10 11:56:00",
        "order_status": "PAID",
    }
    answer = emulator.call(
        "POST", "/data/orders/json?merge_mode=SAVE", json={"orders": [body | fields]}
    )
    return errors(answer)


def local_now(**ago: int) -> str:
    moment = datetime.now(UTC) - timedelta(**ago)
    return moment.astimezone(ZoneInfo("Europe/Moscow")).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize("column", HEADER.split(";"))
def test_each_required_column_is_required(emulator: RunningEmulator, column: str) -> None:
    names = [name for name in HEADER.split(";") if name != column]
    values = {
        "id": "1",
        "client_uniq_id": "c1",
        "client_type": "CONTACT",
        "create_date_time": "2026-01-10 11:56:00",
        "order_status": "PAID",
    }
    row = ";".join(values[name] for name in names)
    missing = send(emulator, f"{';'.join(names)}\n{row}\n")
    assert missing == [f"header: {column}: missing_column"]
    row = ";".join("" if name == column else value for name, value in values.items())
    assert send(emulator, f"{HEADER}\n{row}\n", "UPDATE") == [f"row 1: {column}: required"]


def test_every_column_is_stored(emulator: RunningEmulator) -> None:
    row = (
        "1;c1;CONTACT;2026-01-10 11:56;2026-01-11 00:00:00;2026-01-12 00:00:00;PAID;43089.54;"
        '100;EUR;"oplata:200,filial";"pear:10,apple:30"\n'
    )
    names = (
        "id;client_uniq_id;client_type;create_date_time;update_date_time;finish_date_time;"
        "order_status;revenue;cost;currency;goals;products"
    )
    assert send(emulator, f"{names}\n{row}") == []
    assert emulator.sql(f"select {names.replace(';', ', ')}, status_type from orders") == [
        (
            "1",
            "c1",
            "CONTACT",
            "2026-01-10 11:56:00",
            "2026-01-11 00:00:00",
            "2026-01-12 00:00:00",
            "PAID",
            43089.54,
            100.0,
            "EUR",
            '{"oplata": 200.0, "filial": null}',
            '{"pear": 10, "apple": 30}',
            "PAID",
        )
    ]


def test_orders_documented_sample_with_russian_headers(emulator: RunningEmulator) -> None:
    statuses = [{"id": "paid", "type": "PAID"}, {"id": "created", "type": "IN_PROGRESS"}]
    emulator.call("POST", "/schema/order_statuses", json={"order_statuses": statuses})
    answer = emulator.upload(
        CSV,
        "ИД,ИД клиента,Тип клиента,Статус,Дата создания,Сумма,Цели\n"
        "100,11,CONTACT,paid,2020-06-11 12:30:00,43089.54,goal_action_id_1:1000\n"
        "101,42,CONTACT,paid,2019-10-11 09:10:00,109999,goal_action_id_2\n"
        "102,42,CONTACT,created,2020-12-24 12:30:00,1004.17,goal_action_id_3:500\n",
        columns_mapping=(
            '"id":"ИД","client_uniq_id":"ИД клиента","client_type":"Тип клиента",'
            '"order_status":"Статус","create_date_time":"Дата создания","revenue":"Сумма",'
            '"goals":"Цели"'
        ),
    )
    assert errors(answer) == []
    assert emulator.sql("select id, status_type, revenue from orders order by id") == [
        ("100", "PAID", 43089.54),
        ("101", "PAID", 109999.0),
        ("102", "IN_PROGRESS", 1004.17),
    ]
    goals = "select goal, revenue from goals_reached where order_id = '100' order by goal"
    assert emulator.sql(goals) == [
        ("CRM: Order created", 43089.54),
        ("CRM: Order paid", 43089.54),
        ("goal_action_id_1", 1000.0),
    ]


def test_orders_documented_json_sample(emulator: RunningEmulator) -> None:
    found = send_json(
        emulator,
        id="704",
        order_status="IN_PROGRESS",
        create_date_time="2022-09-21 09:48:23",
        update_date_time="2022-10-15 10:48:34",
        finish_date_time=None,
        cost=4000,
        revenue=5000,
        goals=[{"goal_action_id": "goal_id1", "price": 123.5}],
        products={"pear": 10, "apple": 30},
    )
    assert found == []
    [(goals, products)] = emulator.sql("select goals, products from orders where id = '704'")
    assert json.loads(goals) == {"goal_id1": 123.5}
    assert json.loads(products) == {"pear": 10, "apple": 30}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"revenue": "5000"}, "revenue: not_a_number"),
        ({"revenue": True}, "revenue: not_a_number"),
        ({"revenue": 10**400}, "revenue: not_a_number"),
        ({"goals": "goal:1"}, "goals: not_a_list_of_objects"),
        ({"goals": [{"price": 1}]}, "goals: bad_goal"),
        ({"goals": [{"goal_action_id": "a"}, {"goal_action_id": "a"}]}, "goals: goal_twice"),
        ({"products": ["pear"]}, "products: not_an_object"),
        ({"products": {"pear": 1.5}}, "products: bad_quantity"),
        ({"products": {"pear": 0}}, "products: bad_quantity"),
        ({"products": {"a,b": 1}}, "products: bad_product"),
        ({"currency": "RUR"}, "currency: bad_currency"),
        ({"revenue": 9_223_372_036_855}, "revenue: too_large"),
        ({"cost": 9_223_372_036_854.5}, "cost: too_large"),
        ({"goals": [{"goal_action_id": f"g{i}"} for i in range(101)]}, "goals: too_many"),
        ({"user_comment": "x" * 1001}, "user_comment: too_long"),
        ({"order_status": ""}, "order_status: required"),
        ({"create_date_time": "2022-09-21T09:48:23Z"}, "create_date_time: bad_datetime"),
    ],
)
def test_orders_bad_json_order_fails_the_upload(
    emulator: RunningEmulator, fields: dict[str, object], problem: str
) -> None:
    assert send_json(emulator, **fields) == [f"row 1: {problem}"]
    assert emulator.sql("select * from orders") == []


def test_lists_need_quotes_in_a_comma_file_only(emulator: RunningEmulator) -> None:
    header = HEADER.replace(";", ",") + ",products\n"
    row = "1,c1,CONTACT,2026-01-10 11:56:00,PAID,"
    assert errors(emulator.upload(CSV, f"{header}{row}a:1,b:2\n")) == [
        "row 1: wrong_number_of_cells"
    ]
    assert errors(emulator.upload(CSV, f'{header}{row}"a:1,b:2"\n')) == []
    assert order(emulator, "PAID", ";products", ";a:1,b:2") == []


def test_orders_status_nobody_mapped_becomes_other_or_fails(emulator: RunningEmulator) -> None:
    assert order(emulator, "mystery") == []
    assert emulator.sql("select status_type from orders") == [("OTHER",)]
    assert emulator.sql("select id, type, source from order_statuses") == [
        ("mystery", "OTHER", "AUTO")
    ]
    assert emulator.sql("select * from goals_reached") == []
    [warnings] = emulator.sql("select warnings from uploads")
    assert json.loads(warnings[0]) == {"unknown_status": 1}
    emulator.switches(unknown_status="fail")
    assert order(emulator, "riddle") == ["row 1: order_status: unknown_status"]
    assert order(emulator, "PAID") == []


def test_canceled_with_one_l_is_refused(emulator: RunningEmulator) -> None:
    assert order(emulator, "CANCELED") == ["row 1: order_status: canceled_is_spelt_cancelled"]


def test_products_in_words_are_refused(emulator: RunningEmulator) -> None:
    cell = ";Ноутбук TGDD12:1,Ноутбук TGD123:2"
    assert order(emulator, "PAID", ";products", cell) == ["row 1: products: bad_product"]


def test_metrica_fills_in_the_dates_that_are_not_sent(emulator: RunningEmulator) -> None:
    dates = "select update_date_time, finish_date_time from orders"
    before = local_now()
    order(emulator, "IN_PROGRESS")
    [(updated, finished)] = emulator.sql(dates)
    assert before <= updated <= local_now()
    assert finished is None
    order(emulator, "PAID")
    [(_, paid)] = emulator.sql(dates)
    assert before <= paid <= local_now()
    emulator.move_clock(3600)
    order(emulator, "CANCELLED")
    [(updated_later, finished_later)] = emulator.sql(dates)
    assert finished_later == paid
    assert updated_later > local_now()


def test_custom_attributes_are_columns_once_created(emulator: RunningEmulator) -> None:
    columns, values = ";items;colours;mail", ";3;red,blue;A@b.ru"
    assert order(emulator, "PAID", columns, values) == [
        f"header: column {place}: unknown_column" for place in (6, 7, 8)
    ]
    attributes = [
        {"name": "items", "type_name": "numeric", "multivalued": False},
        {"name": "colours", "type_name": "text", "multivalued": True},
        {"name": "mail", "type_name": "email", "multivalued": False},
    ]
    emulator.call("POST", "/schema/attributes?entity_type=ORDER", json={"attributes": attributes})
    assert order(emulator, "PAID", columns, values) == ["row 1: mail: bad_email"]
    assert order(emulator, "PAID", columns, values.lower()) == []
    [(custom,)] = emulator.sql("select custom from orders")
    assert json.loads(custom) == {"items": 3.0, "colours": ["red", "blue"], "mail": "a@b.ru"}


def test_fifty_thousand_orders_take_seconds(emulator: RunningEmulator) -> None:
    rows = "\n".join(
        f"order-{n};c{n % 20000};CONTACT;2026-01-{n % 28 + 1:02d} 10:00:00;PAID;{n}.50;"
        f"p{n % 2000}:1,q{n % 1000}:2"
        for n in range(50_000)
    )
    answer = emulator.upload(
        CSV, f"{HEADER};revenue;products\n{rows}\n", delimiter_type="SEMICOLON"
    )
    assert answer.json()["uploading"]["elements_count"] == 50_000
    assert errors(answer) == []
    assert answer.elapsed < timedelta(seconds=15)
    assert emulator.sql("select count(*), sum(revenue) from orders") == [
        (50_000, sum(n + 0.5 for n in range(50_000)))
    ]
