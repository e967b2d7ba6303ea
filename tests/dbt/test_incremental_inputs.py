"""What incremental marts are computed from: all inputs of a changed row, however old they are."""

import pytest

from tests.dbt import crm
from tests.dbt.crm_life import TimelyLife
from tests.dbt.incremental_marts import INCREMENTAL, make_incremental
from tests.dbt.warehouse import Warehouse

HISTORY = {"crm_has_order_status_history": True}
CONTACT_TABLES = ("contacts", "contact_identifiers")
ORDER_TABLES = ("orders", "order_items")
LATER = "updated_at = '2026-04-01 00:00:00+00'"


def content(warehouse: Warehouse) -> list[list[str]]:
    tables = ("left_out", "int_identifier_cells", "int_contact_identifiers")
    queries = [f"select * from metrica_work.{table}" for table in tables]
    return [sorted(map(repr, warehouse.rows(query))) for query in queries]


@pytest.mark.parametrize("intermediate", [True, False], ids=["all", "marts alone"])
def test_incremental_build_equals_a_full_one_after_timely_changes(
    warehouse: Warehouse, *, intermediate: bool
) -> None:
    make_incremental(warehouse.project, intermediate=intermediate)
    life = TimelyLife(1)
    warehouse.run(crm.HISTORY[0], *life.first_day())
    warehouse.build_marts(**HISTORY)
    for _ in range(3):
        warehouse.run(*life.next_day())
        warehouse.build_marts(**HISTORY)
    built = warehouse.marts(), content(warehouse)
    warehouse.build_marts("--full-refresh", **HISTORY)
    assert built == (warehouse.marts(), content(warehouse))


def test_incremental_full_refresh_of_one_mart_takes_every_row(warehouse: Warehouse) -> None:
    make_incremental(warehouse.project)
    life = TimelyLife(0)
    # Most rows are older than the start time, so that the second build reads few.
    old = "set updated_at = '2020-01-01 00:00:00+00' where"
    warehouse.run(
        crm.HISTORY[0],
        *life.first_day(),
        *(f"update crm.{t} {old} contact_id not like '%1'" for t in CONTACT_TABLES),
        *(f"update crm.{t} {old} order_id % 10 <> 1" for t in ORDER_TABLES),
    )
    warehouse.build_marts(**HISTORY)
    warehouse.run(*life.next_day())
    warehouse.build_marts(**HISTORY)
    built = warehouse.marts(*INCREMENTAL)
    warehouse.build_marts("--full-refresh", "--select", *INCREMENTAL, **HISTORY)
    assert warehouse.marts(*INCREMENTAL) == built


def test_incremental_orders_take_lines_of_any_age_and_none(warehouse: Warehouse) -> None:
    make_incremental(warehouse.project)
    warehouse.run(*crm.SAMPLE, "update crm.order_items set updated_at = '2020-01-01 00:00:00+00'")
    warehouse.build_marts()
    warehouse.run(
        # Order 1 keeps an old line and loses one; order 3 loses all, and order 4 had none.
        "delete from crm.order_items where order_id = 3 or product_id = 'тариф'",
        f"update crm.orders set {LATER} where order_id in (1, 3)",
        "insert into crm.orders (order_id, updated_at) values (4, '2026-04-01 00:00:00+00')",
    )
    warehouse.build_marts()
    found = "select id, products, items_count from metrica.orders where id <> '2' order by id"
    assert warehouse.rows(found) == [("1", "p1:3", 3), ("3", None, 0), ("4", None, 0)]


def test_incremental_contacts_take_changed_identifiers(warehouse: Warehouse) -> None:
    make_incremental(warehouse.project)
    warehouse.run(
        *crm.SAMPLE,
        """insert into crm.contacts (contact_id, phone, updated_at) values
            ('old', '8 999 555-22-22', '2020-01-01 00:00:00+00'),
            ('bare', '8 999 555-33-33', '2020-01-01 00:00:00+00')""",
        """insert into crm.contact_identifiers values
            ('old', 'phone', '8 999 555-22-23', '2020-01-01 00:00:00+00')""",
    )
    warehouse.build_marts()
    assert phones(warehouse) == {"old": "79995552222,79995552223", "bare": "79995553333"}
    warehouse.run(
        f"""update crm.contact_identifiers set value = '8 999 555-22-24', {LATER}
        where contact_id = 'old'""",
        f"update crm.contacts set phone = null, {LATER} where contact_id = 'bare'",
    )
    warehouse.build_marts()
    assert phones(warehouse) == {"old": "79995552222,79995552224", "bare": None}
    for table in ("int_identifier_cells", "int_contact_identifiers"):
        cells = f"select cell from metrica_work.{table} where contact_id in ('old', 'bare')"
        assert sorted(warehouse.rows(cells)) == [("8 999 555-22-22",), ("8 999 555-22-24",)]


def test_incremental_spellings_keep_their_meaning_until_a_full_refresh(
    warehouse: Warehouse,
) -> None:
    make_incremental(warehouse.project)
    warehouse.run(
        "insert into crm.contacts (contact_id, phone) values ('old', '711 284-22-22')",
    )
    warehouse.build_marts()
    assert phones(warehouse) == {"old": "77112842222"}
    # A contact without a time is computed each time.
    warehouse.run("insert into crm.contacts (contact_id, phone) values ('bare', '0711 284-22-23')")
    warehouse.build_marts(default_calling_code="49")
    assert phones(warehouse) == {"old": "77112842222", "bare": "497112842223"}
    warehouse.build_marts("--full-refresh", default_calling_code="49")
    assert phones(warehouse) == {"old": "497112842222", "bare": "497112842223"}


def phones(warehouse: Warehouse) -> dict[str, str | None]:
    query = "select uniq_id, phones from metrica.contacts where uniq_id in ('old', 'bare')"
    return dict(warehouse.rows(query))
