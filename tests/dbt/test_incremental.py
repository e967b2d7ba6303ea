"""An incremental run leaves row for row what a full refresh would, and works out no more."""

import threading
import time
from collections.abc import Callable

import pytest
from metrica_export.metrica.formats import Attribute

from tests.dbt import crm
from tests.dbt.added_column import Column
from tests.dbt.conftest import Warehouses
from tests.dbt.crm_life import CrmLife
from tests.dbt.warehouse import EVERYTHING, MARTS, Warehouse

DAYS = 2
UNMAPPED = "insert into crm.orders (order_id, status) values (999999, 'Refunded')"


def assert_as_after_a_full_refresh(warehouse: Warehouse, **variables: object) -> None:
    marts = (*MARTS, "simple_orders") if variables.get("simple_orders") else MARTS
    incremental = warehouse.marts(*marts)
    outcome = warehouse.dbt("run", "--full-refresh", **variables)
    assert outcome.success, outcome.complaints
    assert incremental == warehouse.marts(*marts)


def edit(warehouse: Warehouse, path: str, old: str, new: str) -> None:
    file = warehouse.project / path
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_incremental_runs_equal_a_full_refresh_whatever_happened(warehouse: Warehouse) -> None:
    life = CrmLife(seed=20)
    warehouse.run(crm.HISTORY[0], *life.first_day())
    warehouse.build(**EVERYTHING)
    for _ in range(DAYS):
        before = warehouse.marts(*MARTS, "simple_orders")
        warehouse.run(*life.next_day())
        assert warehouse.dbt("run", **EVERYTHING).success
        incremental = warehouse.marts(*before)
        assert [mart for mart in before if incremental[mart] == before[mart]] == ["order_statuses"]
        assert_as_after_a_full_refresh(warehouse, **EVERYTHING)
    [(paths,)] = warehouse.rows("select count(distinct status_path) from metrica.orders")
    assert paths > 5


def test_failed_and_partial_runs_leave_nothing_behind(warehouse: Warehouse) -> None:
    life = CrmLife(seed=21)
    warehouse.run(crm.HISTORY[0], *life.first_day())
    warehouse.build(**EVERYTHING)
    warehouse.run(*life.next_day(), UNMAPPED)
    assert not warehouse.dbt("run", unmapped_statuses="error", **EVERYTHING).success
    warehouse.run("delete from crm.orders where order_id = 999999")
    mark = '"{{ keep_fingerprints() }}",'
    edit(warehouse, "models/marts/metrica/orders.sql", mark, f'{mark} "select no_such_column",')
    assert not warehouse.dbt("run", **EVERYTHING).success
    edit(warehouse, "models/marts/metrica/orders.sql", '"select no_such_column",', "")
    # The new phones of these days have not been read yet when these contacts are built.
    warehouse.run(*life.next_day())
    assert warehouse.dbt("run", "--select", "contacts", "orders", **EVERYTHING).success
    assert warehouse.dbt("run", **EVERYTHING).success
    assert_as_after_a_full_refresh(warehouse, **EVERYTHING)


def test_only_rows_whose_input_changed_are_worked_out_again(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build()
    assert warehouse.dbt("run").success
    # What nobody else does to a mart shows which rows a build looked at.
    warehouse.run(
        "update metrica.orders set currency = 'XXX', row_hash = 'x'",
        "update metrica.contacts set name = 'X', row_hash = 'x'",
        "update crm.orders set revenue = 5 where order_id = 2",
        "delete from crm.order_items where order_id = 3 and product_id = 'p9'",
        "update crm.contacts set full_name = 'B' where contact_id = 'c-3'",
    )
    assert warehouse.dbt("run").success
    assert warehouse.rows("select id, currency from metrica.orders order by id") == [
        ("1", "XXX"),
        ("2", "USD"),
        ("3", "рубли"),
    ]
    assert warehouse.rows("select uniq_id, name from metrica.contacts order by uniq_id") == [
        ("C-1", "X"),
        ("C-2", "X"),
        ("c-3", "B"),
    ]


def new_currency(_: Warehouse) -> dict[str, object]:
    return {"default_currency": "KZT"}


def new_form_of_identifiers(_: Warehouse) -> dict[str, object]:
    return {"identifiers": {"emails": "md5", "phones": "both"}}


def new_meaning_of_a_status(warehouse: Warehouse) -> dict[str, object]:
    edit(warehouse, "seeds/order_status_map.csv", "\npaid,paid,PAID,Paid", "\npaid,won,PAID,Won")
    assert warehouse.dbt("seed").success
    return {}


def new_rule_in_a_view(warehouse: Warehouse) -> dict[str, object]:
    path = "models/intermediate/int_order_products.sql"
    edit(warehouse, path, "ceil(quantity)", "1 + ceil(quantity)")
    return {}


def new_rule_in_a_mart(warehouse: Warehouse) -> dict[str, object]:
    path = "models/marts/metrica/contacts.sql"
    edit(warehouse, path, "{{ clean_text('own.full_name') }}", "'Somebody'")
    return {}


def new_type_of_a_column(warehouse: Warehouse) -> dict[str, object]:
    warehouse.run(
        "drop schema metrica_work cascade",
        "alter table crm.orders alter created_at type timestamp",
    )
    assert warehouse.dbt("seed").success
    return {"crm_time_zone": "Asia/Tashkent"}


def spellings_read_anew(warehouse: Warehouse) -> dict[str, object]:
    assert warehouse.dbt("run", default_calling_code="49").success
    outcome = warehouse.dbt(
        "run", "--full-refresh", "--select", "int_phone_spellings", default_calling_code="49"
    )
    assert outcome.success
    return {"default_calling_code": "49"}


@pytest.mark.parametrize(
    "change",
    [
        new_currency,
        new_form_of_identifiers,
        new_meaning_of_a_status,
        new_rule_in_a_view,
        new_rule_in_a_mart,
        new_type_of_a_column,
        spellings_read_anew,
    ],
)
def test_a_change_of_the_rules_reaches_every_row(
    warehouse: Warehouse, change: Callable[[Warehouse], dict[str, object]]
) -> None:
    warehouse.run(
        *crm.SAMPLE,
        "insert into crm.contacts (contact_id, phone) values ('C-4', '0711 2842222')",
    )
    warehouse.build()
    assert warehouse.dbt("run").success
    before = warehouse.marts()
    variables = change(warehouse)
    outcome = warehouse.dbt("run", **variables)
    assert outcome.success, outcome.complaints
    assert warehouse.marts() != before
    assert_as_after_a_full_refresh(warehouse, **variables)


def test_lines_that_exchange_their_quantities_are_seen(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.run("insert into crm.order_items values (2, 'a', 1, null), (2, 'b', 7, null)")
    warehouse.build()
    assert warehouse.dbt("run").success
    warehouse.run(
        "update crm.order_items set quantity = 8 - quantity"
        " where order_id = 2 and product_id in ('a', 'b')"
    )
    assert warehouse.dbt("run").success
    assert warehouse.rows("select products from metrica.orders where id = '2'") == [("a:7,b:1",)]


def test_an_input_that_a_team_adds_counts_as_a_whole(warehouse: Warehouse) -> None:
    path = "models/marts/metrica/orders.sql"
    edit(
        warehouse,
        path,
        "cast(null as text) as goals",
        "(select max(name) from {{ source('crm', 'products') }}) as goals",
    )
    warehouse.run(*crm.SAMPLE)
    warehouse.build()
    warehouse.run("update crm.products set name = 'Яблоко'")
    assert warehouse.dbt("run").success
    assert warehouse.rows("select distinct goals from metrica.orders") == [("Яблоко",)]


def test_a_crm_that_is_emptied_and_filled_again_during_a_build_loses_nothing(
    warehouses: Warehouses,
) -> None:
    """Only PostgreSQL lets others write meanwhile; DuckDB locks its file."""
    warehouse = warehouses.make("postgres")
    warehouse.run(*crm.SAMPLE)
    warehouse.build()
    assert warehouse.dbt("run").success
    hook = '"{{ find_stale() }}",'
    edit(warehouse, "models/marts/metrica/orders.sql", hook, f'{hook} "select pg_sleep(3)",')
    warehouse.run("create table kept as select * from crm.order_items")
    warehouse.run("update crm.orders set revenue = 5")
    emptied = []

    def empty() -> None:
        sleeping = "select 1 from pg_stat_activity where query like '%pg_sleep(3)%' and pid <> "
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if warehouse.rows(f"{sleeping} pg_backend_pid()"):
                warehouse.run("delete from crm.order_items")
                emptied.append(True)
                return
            time.sleep(0.05)

    other = threading.Thread(target=empty)
    other.start()
    assert warehouse.dbt("run").success
    other.join()
    assert emptied
    warehouse.run("insert into crm.order_items select * from kept")
    assert warehouse.dbt("run").success
    assert_as_after_a_full_refresh(warehouse)


def test_personal_data_leaves_with_the_row_that_held_it(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build()
    warehouse.run(
        "delete from crm.contacts where contact_id = 'C-1'",
        "delete from crm.contact_identifiers where contact_id = 'C-1'",
    )
    assert warehouse.dbt("run").success
    assert warehouse.rows("select uniq_id from metrica.contacts where uniq_id = 'C-1'") == []
    for kind in ("phone", "email", "client_id"):
        cells = warehouse.rows(f"select cell from metrica_work.int_{kind}_spellings")
        assert not {"8 (999) 555-11-11", " Anna@Example.COM ", "1678901234567890123"} & {
            cell for (cell,) in cells
        }


def test_a_new_column_asks_for_a_full_refresh(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.build()
    attribute = Attribute("segment", "text", "segment", multivalued=False)
    Column(attribute, "text", "'VIP'", "VIP").add(warehouse, "contacts")
    outcome = warehouse.dbt("run", "--select", "contacts")
    assert not outcome.success
    assert "full_refresh" in outcome.complaints
    assert warehouse.dbt("run", "--full-refresh", "--select", "contacts").success
