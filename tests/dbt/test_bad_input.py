"""Bad input stops dbt with words that say what to do, and spoils no mart."""

import re

import pytest

from tests.dbt import crm
from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import Warehouse

UNMAPPED = """insert into crm.orders (order_id, status, revenue) values
    (10, 'Refunded', 1), (11, 'отложен', 1), (12, 'Refunded', 1), (13, 'PAID OUT', 1)"""
NAMED = (
    "3 status(es) without a mapping, with the number of rows: 'PAID OUT' (1), 'Refunded' (2), "
    "'отложен' (1)"
)


def test_unmapped_statuses_are_named_and_marked_and_every_other_order_is_built(
    warehouse: Warehouse,
) -> None:
    warehouse.run(*crm.SAMPLE, *crm.HISTORY, UNMAPPED)
    warehouse.run(
        "insert into crm.order_status_history values (1, 'Deleted', '2026-02-01 11:00:00+00')"
    )
    outcome = warehouse.build(crm_has_order_status_history=True, simple_orders=True)
    assert f"The CRM's orders have {NAMED}." in outcome.complaints
    assert "Until then these orders are held." in outcome.complaints
    assert (
        "The CRM's order status history has 1 status(es) without a mapping, with the number of "
        "rows: 'Deleted' (1)."
    ) in outcome.complaints
    query = "select id, order_status, status_path from metrica.orders order by id"
    assert warehouse.rows(query) == [
        ("1", "paid", "new,paid"),
        ("10", "unmapped:Refunded", None),
        ("11", "unmapped:отложен", None),
        ("12", "unmapped:Refunded", None),
        ("13", "unmapped:PAID OUT", None),
        ("2", None, None),
        ("3", "new", None),
    ]
    query = "select id, order_status from metrica.simple_orders where id in ('1', '2', '13')"
    assert dict(warehouse.rows(query)) == {"1": "PAID", "2": None, "13": "unmapped:PAID OUT"}

    with (warehouse.project / "seeds/order_status_map.csv").open("a", encoding="utf-8") as seed:
        seed.writelines(
            ["refunded,refunded,CANCELLED,Refunded,\n", "Отложен,new,IN_PROGRESS,Новый,\n"]
        )
    warehouse.build_marts()
    statuses = dict(warehouse.rows("select id, order_status from metrica.orders"))
    assert (statuses["10"], statuses["11"]) == ("refunded", "new")
    assert statuses["13"] == "unmapped:PAID OUT"


def test_unmapped_statuses_stop_the_build_when_the_var_says_error(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build_marts()
    before = warehouse.marts()["orders"]
    warehouse.run(UNMAPPED)
    outcome = warehouse.dbt("build", "--select", "+orders", unmapped_statuses="error")
    assert not outcome.success
    assert NAMED in outcome.complaints
    assert "seeds/order_status_map.csv" in outcome.complaints
    assert outcome.statuses["model.metrica_crm.orders"] == "skipped"
    assert warehouse.marts()["orders"] == before


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"unmapped_statuses": "skip"}, "The var unmapped_statuses is 'skip'. Set it to hold or"),
        ({"currency_codes": "RUR"}, "The var currency_codes is 'RUR', but it maps old codes"),
        (
            {"counter_time_zone": "UTC+3"},
            "The var counter_time_zone is 'UTC+3', which is not a time",
        ),
        *(
            (
                {"crm_time_zone": zone},
                f"The var crm_time_zone is '{zone}', which is not a time zone",
            )
            for zone in ("MSK", "EET", "Etc/GMT+3", "Europe/Nowhere")
        ),
    ],
)
def test_bad_input_var_with_an_unknown_value_is_refused_when_the_project_is_read(
    warehouses: Warehouses, variables: dict[str, object], complaint: str
) -> None:
    outcome = warehouses.make("duckdb").dbt("parse", **variables)
    assert not outcome.success
    assert complaint in outcome.complaints


def test_zones_under_their_old_and_new_names_are_accepted(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    for names in (("Europe/Kyiv", "Europe/Kiev"), ("Asia/Kolkata", "UTC")):
        zones = dict(zip(("counter_time_zone", "crm_time_zone"), names, strict=True))
        outcome = warehouse.dbt("parse", **zones)
        assert outcome.success, outcome.complaints


def test_missing_tables_are_named_with_the_vars_that_switch_them_off(
    warehouse: Warehouse,
) -> None:
    optional = ("contact_identifiers", "order_items", "products")
    warehouse.run("drop table crm.orders", *(f"drop table crm.{table}" for table in optional))
    outcome = warehouse.dbt("build", crm_has_order_status_history=True)
    assert not outcome.success
    assert outcome.count("model", "success") == outcome.count("seed", "success") == 0
    assert "The warehouse has no table or view crm.contact_identifiers" in outcome.complaints
    for table in (*optional, "order_status_history"):
        assert f"crm.{table} (set the var crm_has_{table}: false if" in outcome.complaints
    assert " crm.orders, crm.products (set" in outcome.complaints
    assert "Create each as a view over your CRM's own table" in outcome.complaints
    assert "crm.contacts" not in outcome.complaints
    # What does not read them runs.
    assert warehouse.dbt("run", "--select", "stg_crm__contacts").success


def test_missing_columns_are_named_with_the_columns_that_the_table_has(
    warehouse: Warehouse,
) -> None:
    warehouse.run(
        "alter table crm.orders rename column revenue to amount",
        "alter table crm.products rename column product_id to sku",
        "alter table crm.products drop column updated_at",
    )
    outcome = warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    assert not outcome.success
    assert outcome.count("model", "success") == outcome.count("seed", "success") == 0
    for complaint in (
        "crm.orders has no column revenue (it has: amount, contact_id, cost,",
        "crm.products has no column product_id, updated_at (it has: name, sku)",
        "docs/reference/crm-tables.md",
    ):
        assert complaint in outcome.complaints
    assert "crm.contacts has" not in outcome.complaints


@pytest.mark.filterwarnings("ignore:.*does not match the name of any column")
def test_bad_input_seed_with_semicolons_is_refused_until_the_project_says_so(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    seed = warehouse.project / "seeds/order_status_map.csv"
    text = seed.read_text(encoding="utf-8").replace(",", ";").replace("Оплачен;", "Оплачен;a,b")
    seed.write_text(text.replace("Оплачен;a,b", "Оплачен;"), encoding="utf-8")
    outcome = warehouse.dbt("seed")
    assert not outcome.success
    assert "seeds/order_status_map.csv has no column crm_status, id, type, " in outcome.complaints
    assert 'set `+delimiter: ";"`' in outcome.complaints

    project = warehouse.project / "dbt_project.yml"
    with project.open("a", encoding="utf-8") as file:
        file.write('    order_status_map:\n      +delimiter: ";"\n')
    seed.write_text("\ufeff" + text, encoding="utf-8")
    assert warehouse.dbt("seed").success
    rows = "select crm_status, goal_action_ids from metrica_work.order_status_map where id = 'paid'"
    assert warehouse.rows(rows) == [("paid", "a,b")]


def test_bad_ids_fail_tests_that_say_so_before_a_mart_is_built(warehouse: Warehouse) -> None:
    warehouse.run(
        *crm.SAMPLE,
        "insert into crm.contacts (full_name) values ('A')",
        "insert into crm.contacts (contact_id) values ('C-1')",
        "insert into crm.orders (revenue) values (1)",
        "insert into crm.orders (order_id) values (1)",
        "insert into crm.products (product_id) values ('')",
        "insert into crm.products (product_id) values ('p1')",
    )
    outcome = warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    assert not outcome.success
    for mart, key in (("contacts", "contact"), ("orders", "order"), ("products", "product")):
        test = f"crm_{mart}_with_a_missing_or_repeated_{key}_id"
        assert re.search(rf"Failure in test {test} .*\n\s*Got 2 results", outcome.complaints)
        assert outcome.statuses[f"model.metrica_crm.{mart}"] == "skipped"


def test_money_that_cannot_be_read_is_counted_and_stops_nothing(warehouse: Warehouse) -> None:
    warehouse.run(
        *crm.SAMPLE,
        "alter table crm.orders alter cost type text",
        "alter table crm.order_items alter quantity type double precision",
        "update crm.orders set revenue = cast('NaN' as double precision) where order_id = 1",
        "update crm.orders set revenue = 1e17, cost = '1 234,50' where order_id = 2",
        "update crm.orders set revenue = 1e-9, cost = ' ' where order_id = 3",
        "update crm.order_items set quantity = cast('NaN' as double precision) where order_id = 3",
    )
    outcome = warehouse.build()
    for test, warnings in (
        ("orders_with_unreadable_revenue", 2),
        ("orders_with_unreadable_cost", 1),
        ("order_items_with_unreadable_quantity", 2),
    ):
        assert re.search(rf"Warning in test {test} .*\nGot {warnings} result", outcome.complaints)
    amounts = "cast(revenue as text), cast(cost as text), items_count"
    assert warehouse.rows(f"select {amounts} from metrica.orders order by id") == [
        (None, "60.13", 4),
        (None, None, 0),
        ("0.00", None, 0),
    ]


def test_bad_input_birth_date_that_cannot_be_read_is_counted_and_stops_nothing(
    warehouse: Warehouse,
) -> None:
    warehouse.run(
        *crm.SAMPLE,
        "alter table crm.contacts alter birth_date type text",
        "update crm.contacts set birth_date = '31.02.1990' where contact_id = 'C-2'",
        "update crm.contacts set birth_date = '' where contact_id = 'c-3'",
    )
    outcome = warehouse.build()
    assert re.search(
        r"test contacts_with_unreadable_birth_date .*\nGot 1 result", outcome.complaints
    )
    assert warehouse.rows("select uniq_id, birth_date from metrica.contacts order by 1") == [
        ("C-1", "1990-05-01"),
        ("C-2", None),
        ("c-3", None),
    ]


def test_times_without_end_are_unknown_to_every_mart(warehouse: Warehouse) -> None:
    warehouse.run(
        *crm.SAMPLE,
        "update crm.contacts set created_at = 'infinity', updated_at = 'infinity'",
        "update crm.contacts set birth_date = 'infinity'",
        "update crm.orders set created_at = '-infinity', updated_at = 'infinity'",
        "update crm.order_items set updated_at = null",
        "update crm.contact_identifiers set updated_at = null",
    )
    warehouse.build_marts()
    assert set(
        warehouse.rows("select create_date_time, birth_date, updated_at from metrica.contacts")
    ) == {(None, None, None)}
    assert set(warehouse.rows("select create_date_time, updated_at from metrica.orders")) == {
        (None, None)
    }


def test_postgresqls_type_money_is_read_whatever_its_currency(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("postgres")
    warehouse.run(
        *crm.SAMPLE,
        "alter table crm.orders alter revenue type money using cast(revenue as numeric)",
        "update crm.orders set revenue = '-1234567.89' where order_id = 2",
    )
    warehouse.build_marts()
    assert warehouse.rows("select cast(revenue as text) from metrica.orders order by id") == [
        ("100.01",),
        ("-1234567.89",),
        ("0.00",),
    ]


def test_times_in_a_text_are_refused_because_their_zone_would_be_lost(
    warehouse: Warehouse,
) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build_marts()
    before = warehouse.marts()["orders"]
    text = {"duckdb": "varchar", "postgres": "text"}[warehouse.target]
    warehouse.run(
        "drop view metrica_work.stg_crm__orders cascade",
        "alter table crm.orders alter created_at type text",
        "alter table crm.orders alter finished_at type bigint using 0",
        "update crm.orders set created_at = '2026-03-01T10:00:00+03:00'",
    )
    outcome = warehouse.dbt("run")
    assert outcome.statuses["model.metrica_crm.stg_crm__orders"] == "error"
    named = f"The CRM's orders.created_at ({text}), orders.finished_at (bigint)"
    assert named in outcome.complaints
    assert "Cast it to timestamptz in your view over the CRM" in outcome.complaints
    assert outcome.statuses["model.metrica_crm.orders"] == "skipped"
    assert warehouse.marts()["orders"] == before

    warehouse.run(
        "drop view if exists metrica_work.stg_crm__orders cascade",
        "alter table crm.orders alter created_at type timestamptz"
        " using cast(created_at as timestamptz)",
        "alter table crm.orders alter finished_at type date using null",
    )
    warehouse.build_marts()
    times = "select distinct create_date_time, finish_date_time from metrica.orders"
    assert warehouse.rows(times) == [("2026-03-01T10:00:00", None)]


def test_bad_input_empty_crm_with_times_in_a_text_is_refused_too(warehouse: Warehouse) -> None:
    for table in ("contacts", "contact_identifiers", "orders", "order_items", "products"):
        warehouse.run(f"alter table crm.{table} alter updated_at type text")
    outcome = warehouse.dbt("run", "--select", "staging")
    for table in ("contacts", "contact_identifiers", "orders", "order_items", "products"):
        assert f"The CRM's {table}.updated_at" in outcome.complaints
    assert outcome.count("model", "error") == 5


def test_bad_input_crm_without_extra_identifiers_builds(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE, "drop table crm.contact_identifiers")
    warehouse.build_marts(crm_has_contact_identifiers=False)
    assert warehouse.rows("select phones from metrica.contacts where uniq_id = 'C-1'") == [
        ("79995551111",)
    ]


def test_bad_input_misspelt_form_of_identifiers_sends_nothing_plain(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    outcome = warehouse.dbt("build", identifiers={"email": "md5", "phones": "plain"})
    assert not outcome.success
    assert "The var identifiers has 'None' for emails" in outcome.complaints


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"emails": "md5", "phones": "sha256"}, "The var identifiers has 'sha256' for phones"),
        ("md5", "The var identifiers is 'md5', but each kind has a form of its own"),
    ],
)
def test_bad_input_unknown_form_of_identifiers_is_refused(
    warehouses: Warehouses, value: object, complaint: str
) -> None:
    outcome = warehouses.make("duckdb").dbt("build", identifiers=value)
    assert not outcome.success
    assert complaint in outcome.complaints


def test_bad_input_column_of_a_type_that_engines_print_differently_is_refused(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    models = warehouse.project / "models/marts/metrica/_metrica__models.yml"
    text = models.read_text(encoding="utf-8")
    models.write_text(text.replace("data_type: numeric(18,2)", "data_type: double"), "utf-8")
    outcome = warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    assert not outcome.success
    assert "has the type double, which has different texts" in outcome.complaints
