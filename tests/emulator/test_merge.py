"""What an upload does to what is stored (modes)."""

import json
from typing import Any

import pytest

from tests.support.emulator_fixture import RunningEmulator

CONTACTS = "/data/contacts/csv"
ORDERS = "/data/orders/csv"
HEADER = "id;client_uniq_id;client_type;create_date_time;order_status"


def contact(emulator: RunningEmulator, *columns: str) -> tuple[Any, ...]:
    [row] = emulator.sql(f"select {', '.join(columns)} from contacts where uniq_id = '1'")
    return row


def order(emulator: RunningEmulator, mode: str, names: str, values: str) -> None:
    row = f"1;c1;CONTACT;2026-01-10 11:56:00;PAID;{values}\n"
    content = f"{HEADER};{names}\n{row}"
    answer = emulator.upload(ORDERS, content, mode, delimiter_type="SEMICOLON")
    assert answer.json()["uploading"]["api_validation_errors"] == []


@pytest.mark.parametrize(
    ("mode", "name", "emails"),
    [
        ("SAVE", None, ["a@b.ru", "d@b.ru"]),
        ("UPDATE", "Anna", ["a@b.ru", "d@b.ru"]),
        ("APPEND", "Anna", ["a@b.ru", "c@b.ru", "d@b.ru"]),
    ],
)
def test_absent_attributes_and_lists_follow_the_mode(
    emulator: RunningEmulator, mode: str, name: str | None, emails: list[str]
) -> None:
    emulator.upload(CONTACTS, 'uniq_id,name,emails\n1,Anna,"a@b.ru,c@b.ru"\n')
    emulator.upload(CONTACTS, 'uniq_id,emails\n1,"a@b.ru,d@b.ru"\n', mode)
    stored_name, stored_emails = contact(emulator, "name", "emails")
    assert stored_name == name
    assert json.loads(stored_emails) == emails


@pytest.mark.parametrize(
    ("mode", "empty_cell", "name"),
    [
        ("SAVE", "absent", None),
        ("UPDATE", "absent", "Anna"),
        ("UPDATE", "null", None),
        ("APPEND", "absent", "Anna"),
        ("APPEND", "null", None),
    ],
)
def test_merge_empty_cell_is_an_absent_attribute_or_erases(
    emulator: RunningEmulator, mode: str, empty_cell: str, name: str | None
) -> None:
    emulator.switches(empty_cell=empty_cell)
    emulator.upload(CONTACTS, "uniq_id,name\n1,Anna\n")
    emulator.upload(CONTACTS, "uniq_id,name\n1,\n", mode)
    assert contact(emulator, "name") == (name,)


def test_entities_that_are_not_in_the_upload_stay(emulator: RunningEmulator) -> None:
    emulator.upload(CONTACTS, "uniq_id\n1\n2\n")
    emulator.upload(CONTACTS, "uniq_id,name\n2,Boris\n", "SAVE")
    assert emulator.sql("select uniq_id, name from contacts") == [("1", None), ("2", "Boris")]


def test_append_joins_goals_products_and_custom_lists(emulator: RunningEmulator) -> None:
    colours = {"name": "colours", "type_name": "text", "multivalued": True}
    emulator.call("POST", "/schema/attributes?entity_type=ORDER", json={"attributes": [colours]})
    order(emulator, "SAVE", "goals;products;colours;revenue", "a:1,b;p:1,q:2;red;10")
    order(emulator, "APPEND", "goals;products;colours;revenue", "b:3,c;q:5,r:1;blue,red;20")
    [(goals, products, custom, revenue)] = emulator.sql(
        "select goals, products, custom, revenue from orders"
    )
    assert json.loads(goals) == {"a": 1.0, "b": 3.0, "c": None}
    assert json.loads(products) == {"p": 1, "q": 5, "r": 1}
    assert json.loads(custom) == {"colours": ["red", "blue"]}
    assert revenue == 20


def test_merge_order_can_move_to_another_contact(emulator: RunningEmulator) -> None:
    order(emulator, "SAVE", "revenue", "1")
    content = f"{HEADER}\n1;c2;CONTACT;2026-01-10 11:56:00;SPAM\n"
    emulator.upload(ORDERS, content, delimiter_type="SEMICOLON")
    stored = emulator.sql("select client_uniq_id, order_status, revenue from orders")
    assert stored == [("c2", "SPAM", None)]


@pytest.mark.parametrize("mode", ["SAVE", "UPDATE", "APPEND"])
def test_merge_first_creation_date_stays(emulator: RunningEmulator, mode: str) -> None:
    head = "uniq_id,create_date_time,name\n"
    emulator.upload(CONTACTS, f"{head}1,2026-01-01 10:00:00,Anna\n")
    answer = emulator.upload(CONTACTS, f"{head}1,2026-02-02 10:00:00,Bella\n", mode)
    assert answer.json()["uploading"]["api_validation_status"] == "PASSED"
    assert contact(emulator, "create_date_time", "name") == ("2026-01-01 10:00:00", "Bella")
    [_, (warnings,)] = emulator.sql("select warnings from uploads order by number")
    assert json.loads(warnings) == {"create_date_change": 1}


def test_merge_creation_date_outlives_a_save_without_it(emulator: RunningEmulator) -> None:
    emulator.upload(CONTACTS, "uniq_id,create_date_time\n1,2026-01-01 10:00:00\n")
    emulator.upload(CONTACTS, "uniq_id,name\n1,Anna\n")
    assert contact(emulator, "create_date_time", "name") == ("2026-01-01 10:00:00", "Anna")
    assert emulator.sql("select distinct warnings from uploads") == [("{}",)]


def test_merge_changed_creation_date_fails_the_upload_by_switch(emulator: RunningEmulator) -> None:
    emulator.upload(CONTACTS, "uniq_id,create_date_time\n1,2026-01-01 10:00:00\n")
    emulator.switches(create_date_change="fail")
    answer = emulator.upload(
        CONTACTS, "uniq_id,create_date_time\n0,2026-02-02 10:00:00\n1,2026-02-02 10:00:00\n"
    )
    uploading = answer.json()["uploading"]
    assert uploading["api_validation_status"] == "FAILED"
    assert uploading["api_validation_errors"] == ["row 2: create_date_time: cannot_change"]
    assert emulator.sql("select uniq_id from contacts") == [("1",)]
    assert emulator.sql("select count(*) from applied") == [(1,)]


def test_rows_of_one_id_in_a_file_are_applied_in_a_random_order(
    emulator: RunningEmulator,
) -> None:
    rows = "".join(f"1,name {number}\n2,other\n" for number in range(20))
    orders = set()
    for seed in ("1", "2"):
        emulator.reset()
        emulator.switches(duplicate_shuffle_seed=seed)
        answer = emulator.upload(CONTACTS, "uniq_id,name\n" + rows)
        assert answer.json()["uploading"]["elements_count"] == 40
        states = emulator.sql("select state from applied where id = '1' order by seq")
        names = tuple(json.loads(state)["name"] for (state,) in states)
        assert sorted(names) == sorted(f"name {number}" for number in range(20))
        assert contact(emulator, "name") == (names[-1],)
        orders.add(names)
    assert len(orders) == 2
    assert tuple(f"name {number}" for number in range(20)) not in orders


def test_merge_same_seed_gives_the_same_order(emulator: RunningEmulator) -> None:
    rows = "".join(f"1,name {number}\n" for number in range(20))
    last = []
    for _ in range(2):
        emulator.reset()
        emulator.upload(CONTACTS, "uniq_id,name\n" + rows)
        last.append(emulator.sql("select state from applied order by seq"))
    assert last[0] == last[1]


def test_states_are_recorded_in_the_order_in_which_they_were_applied(
    emulator: RunningEmulator,
) -> None:
    for name in ("Anna", "Bella", "Clara"):
        emulator.upload(CONTACTS, f"uniq_id,name\n1,{name}\n")
    rows = emulator.sql(
        "select seq, number, applied.entity, id, state from applied join uploads"
        " using (uploading_id) order by seq"
    )
    assert [row[:4] for row in rows] == [(place, place, "contacts", "1") for place in (1, 2, 3)]
    assert [json.loads(row[4])["name"] for row in rows] == ["Anna", "Bella", "Clara"]
