"""Data tests fail on bad data, and pass on good data: each rule with rows that break it."""

import re

from tests.dbt import crm
from tests.dbt.warehouse import Outcome, Warehouse

WORK = "metrica_work"
FAULTS = (
    f"insert into {WORK}.int_order_baskets (order_id) values ('1'), (null), ('404')",
    """insert into crm.order_items (order_id, product_id)
    values (1, null), (1, null), (1, 'p404'), (3, 'p404'), (3, 'p405')""",
    f"""insert into {WORK}.int_phone_spellings (cell, raw, phone) values
    ('a', 'b', '0123456'), ('a', 'b', '123456'), ('a', null, '1234567890123456'),
    (null, 'b', '1234567,123456'), ('c', 'd', '1234567,1234568')""",
    f"""insert into {WORK}.mart_builds (mart, invocation_id, row_count) values
    ('orders', 'x', 1), ('orders', 'x', 2), ('contacts', null, 3)""",
    f"insert into {WORK}.phone_calling_codes (calling_code) values ('7'), (null)",
    f"insert into {WORK}.left_out (entity, kind, reason) values ('orders', 'a', null)",
    "update metrica.contacts set client_ids = '1,02', phones = '1234567' where uniq_id = 'C-1'",
    "update metrica.contacts set client_ids = '1,2', phones = '123456' where uniq_id = 'c-3'",
    "update metrica.contacts set phones = '1234567,1234568' where uniq_id = 'C-2'",
    "update metrica.orders set order_status = 'nowhere' where id in ('1', '3')",
    "update metrica.orders set currency = null where id = '1'",
    "update metrica.orders set row_hash = null where id = '3'",
)
# The rows that each test finds after these faults, and before them.
FOUND = {
    "order_baskets_with_a_missing_or_repeated_order_id": (2, 0),
    "crm_order_items_of_unknown_orders": (1, 0),
    "crm_order_items_of_unknown_products": (3, 1),
    "phone_spellings_with_a_missing_or_repeated_cell_and_raw": (3, 0),
    "phones_are_international": (5, 0),
    "mart_builds_with_a_missing_or_repeated_invocation": (2, 0),
    "mart_builds_with_a_missing_value": (3, 0),
    "phone_calling_codes_with_a_missing_or_repeated_code": (2, 0),
    "phone_calling_codes_with_a_missing_value": (2, 0),
    "left_out_with_a_missing_or_repeated_reason": (1, 0),
    "contacts_client_ids_are_a_list": (1, 0),
    "contacts_phones_are_a_list": (1, 0),
    "orders_with_unknown_status": (1, 0),
    "orders_without_currency_or_row_hash": (2, 0),
    "contacts_with_a_missing_or_repeated_uniq_id": (1, 0),
}


def found(outcome: Outcome) -> dict[str, int]:
    """Return the number of rows that each test found."""
    pattern = r"in test (\w+) .*\n\s*Got (\d+) result"
    return dict.fromkeys(FOUND, 0) | {
        test: int(rows) for test, rows in re.findall(pattern, outcome.complaints)
    }


def test_data_tests_find_rows_that_break_their_rule(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build_marts()
    before = warehouse.dbt("test", "--select", *FOUND)
    assert before.success, before.complaints
    assert before.count("test", "pass", "warn") == len(FOUND)
    assert found(before) == {test: rows for test, (_, rows) in FOUND.items()}
    if warehouse.target == "postgres":
        # The unique index of the mart would refuse the repeated row.
        [(index,)] = warehouse.rows(
            """select indexrelid::regclass from pg_index
            where indrelid = 'metrica.contacts'::regclass and indisunique"""
        )
        warehouse.run(f"drop index {index}")
    warehouse.run(
        *FAULTS, "insert into metrica.contacts select * from metrica.contacts where uniq_id = 'C-2'"
    )
    outcome = warehouse.dbt("test", "--select", *FOUND)
    assert not outcome.success
    assert found(outcome) == {test: rows for test, (rows, _) in FOUND.items()}
