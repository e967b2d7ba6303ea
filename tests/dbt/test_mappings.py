"""The ready-made mappings: raw tables of four CRMs become the same marts on both engines."""

from typing import Any

import pytest

from tests.dbt import crm_exports
from tests.dbt.conftest import ENGINES, Warehouses
from tests.dbt.crm_exports import expected, hostile, hostile_marts
from tests.dbt.warehouse import NO_TESTS, Warehouse

CRMS = ("bitrix24", "amocrm", "retailcrm", "hubspot")
VARIABLES: dict[str, dict[str, Any]] = {
    "bitrix24": {},
    "amocrm": {"sales_pipelines": [7001]},
    "retailcrm": {"crm_time_zone": "Europe/Moscow"},
    "hubspot": {},
}
# The field of a mark in the CRM, and the orders that have it.
MARKS: dict[str, tuple[str, dict[str, str]]] = {
    "bitrix24": ("utm_source", {"1001": "yandex", "1003": "yandex"}),
    "amocrm": ("utm_source", {"2001": "yandex"}),
    "retailcrm": ("utm_source", {"9101": "yandex", "9103": "yandex"}),
    "hubspot": (
        "hs_analytics_source",
        {
            "8001": "PAID_SEARCH",
            "8002": "OFFLINE",
            "8003": "PAID_SEARCH",
            "8004": "DIRECT_TRAFFIC",
            "8006": "OFFLINE",
            "8007": "ORGANIC_SEARCH",
            "8008": "OFFLINE",
        },
    ),
}


def variables_of(crm: str, **more: Any) -> dict[str, Any]:
    return {
        "crm": crm,
        "crm_schema": "raw",
        "crm_has_order_status_history": True,
        **VARIABLES[crm],
        **more,
    }


def contacts(warehouse: Warehouse) -> dict[str, tuple[Any, ...]]:
    rows = warehouse.rows(
        """select uniq_id, name, birth_date, client_ids, emails, phones from metrica.contacts"""
    )
    return {row[0]: row[1:] for row in rows}


def orders(warehouse: Warehouse) -> dict[str, tuple[Any, ...]]:
    rows = warehouse.rows(
        """select id, client_uniq_id, create_date_time, finish_date_time, order_status,
            cast(revenue as text), currency, products, status_path from metrica.orders"""
    )
    return {row[0]: row[1:] for row in rows}


def statuses(warehouse: Warehouse) -> dict[str, str]:
    return dict(warehouse.rows("select id, type from metrica.order_statuses"))


@pytest.mark.parametrize("crm", CRMS)
def test_mapping_typed_export_builds_the_expected_marts_and_passes_its_tests(
    warehouses: Warehouses, crm: str
) -> None:
    warehouse = warehouses.make("postgres")
    crm_exports.load(warehouse, crm, "crm_contact_ids")
    field, marks = MARKS[crm]
    mark = {"name": "mark", "column": field, "type": "text"}
    variables = variables_of(crm, metrica_attributes={"orders": [mark]})
    parsed = warehouse.dbt("parse", **variables)
    assert (parsed.success, parsed.complaints) == (True, "")
    warehouse.build(**variables)
    assert contacts(warehouse) == expected.CONTACTS[crm]
    assert orders(warehouse) == expected.ORDERS[crm]
    assert statuses(warehouse) == expected.STATUSES[crm]
    names = {name for (name,) in warehouse.rows("select humanized from metrica.products")}
    assert names == expected.PRODUCTS[crm]
    marked = warehouse.rows("select id, mark from metrica.orders where mark is not null")
    assert dict(marked) == marks


@pytest.mark.parametrize("crm", CRMS)
def test_mapping_names_an_attribute_whose_field_the_crm_lacks(
    warehouses: Warehouses, crm: str
) -> None:
    warehouse = warehouses.make("duckdb")
    crm_exports.load(warehouse, crm, "crm_contact_ids")
    lost = [{"name": "mark", "column": "utm_sorce", "type": "text"}]
    found = warehouse.dbt(
        "build", *NO_TESTS, **variables_of(crm, metrica_attributes={"orders": lost})
    )
    if crm in ("bitrix24", "hubspot"):
        assert not found.success
        assert " has no column utm_sorce, which the attribute mark of the var" in found.complaints
    else:
        assert found.success, found.complaints
        assert "orders has a value of the field utm_sorce, which the attribute mark" in (
            found.complaints
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_mapping_attribute_may_come_from_a_field_that_the_mapping_uses_itself(
    warehouses: Warehouses, engine: str
) -> None:
    warehouse = warehouses.make(engine)
    crm_exports.load(warehouse, "bitrix24")
    of_orders = [
        {"name": "deal_title", "column": "TITLE", "type": "text"},
        {"name": "source_id", "type": "text"},
        {"name": "amount", "column": "OPPORTUNITY", "type": "numeric", "scale": 1},
        {"name": "moved", "column": "MOVED_TIME", "type": "datetime"},
        {"name": "paid", "column": "revenue", "type": "numeric", "scale": 2},
    ]
    of_contacts = [{"name": "given_name", "column": "NAME", "type": "text"}]
    attributes = {"orders": of_orders, "contacts": of_contacts}
    warehouse.build_marts(**variables_of("bitrix24", metrica_attributes=attributes))
    titles = "select o.id, o.deal_title from metrica.orders o order by 1 limit 2"
    raw = """select "ID", "TITLE" from raw.crm_deal order by 1 limit 2"""
    assert warehouse.rows(titles) == warehouse.rows(raw)
    [(amount, paid, revenue)] = warehouse.rows(
        """select cast(amount as text), cast(paid as text), cast(revenue as text)
        from metrica.orders where id = '1001'"""
    )
    assert (amount + "0", paid) == (revenue, revenue)
    [(filled,)] = warehouse.rows(
        "select count(*) from metrica.contacts where name like '%' || given_name || '%'"
    )
    assert filled > 1


@pytest.mark.parametrize("crm", CRMS)
def test_mapping_hostile_export_builds_the_same_marts_on_both_engines(
    warehouses: Warehouses, crm: str
) -> None:
    marts = []
    for engine in ENGINES:
        warehouse = warehouses.make(engine)
        crm_exports.load(warehouse, crm, "crm_contact_ids", typed=False)
        hostile.add_hostile_rows(warehouse, crm)
        ids = {"crm_deal_ids": "crm_deal_ids"} if crm == "bitrix24" else {}
        warehouse.build_marts(**variables_of(crm, crm_raw_tables=ids))
        assert contacts(warehouse) == expected.CONTACTS[crm] | hostile_marts.CONTACTS[crm]
        assert orders(warehouse) == expected.ORDERS[crm] | hostile_marts.ORDERS[crm]
        assert statuses(warehouse) == expected.STATUSES[crm]
        marts.append(warehouse.marts())
    assert marts[0] == marts[1]


def test_mapping_vars_choose_contacts_orders_goals_and_types(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    crm_exports.load(warehouse, "bitrix24")
    warehouse.run(
        "alter table raw.crm_deal rename to b24_deals",
        'alter table raw.b24_deals rename "UF_CRM_METRIKA_CLIENT_ID" to "UF_CRM_1765627743791"',
        "drop table raw.crm_lead",
    )
    warehouse.build_marts(
        **variables_of(
            "bitrix24",
            crm_raw_tables={
                "crm_deal": "b24_deals",
                "crm_lead": None,
                "crm_contact_ids": "crm_contact_ids",
            },
            client_id_fields=["UF_CRM_1765627743791", "metrika_client_id"],
            contacts_from_companies=False,
            merge_order_contacts=True,
            sales_pipelines=[0],
            order_status_types={"UC_OLDSTG": "OTHER", "executing": "SPAM", "C9:GONE": "CANCELLED"},
            order_filter="source_id = 'WEB' or pipeline_id = '1' or company_id = '78'"
            " or source_id = 'CRM_FORM'",
            order_goals="case when status like '%WON' then 'sale:' || revenue end",
        )
    )
    found = contacts(warehouse)
    # 504 is not in the list of present ids; 1009's company makes no contact.
    assert sorted(found) == ["501", "502", "503", "505", "order:1003"]
    assert found["503"][3:] == (
        "anna@example.com,m.ivanova@example.com,masha@example.com,neil@example.org",
        "442079460000,79995551111,79995551112",
    )
    assert found["503"][2] == "1767900001123456789"
    assert found["order:1003"] == (None, None, "1769950001555666777", None, None)
    clients = {id_: row[0] for id_, row in orders(warehouse).items()}
    assert clients == {
        "1001": "501",
        "1002": "505",
        "1003": "order:1003",
        "1004": "503",
        "1005": "502",
        "1006": "501",
        "1008": "504",
        "1009": None,
        "1010": "502",
    }
    types = statuses(warehouse)
    changed = {"C1:WON", "UC_OLDSTG", "EXECUTING", "C9:GONE"}
    assert {id_: types[id_] for id_ in changed} == {
        "C1:WON": "OTHER",
        "UC_OLDSTG": "OTHER",
        "EXECUTING": "SPAM",
        "C9:GONE": "CANCELLED",
    }
    assert warehouse.rows("select id, goals from metrica.orders where goals is not null") == [
        ("1001", "sale:15000.00"),
        ("1002", "sale:1200.50"),
    ]


def test_mapping_without_contacts_from_orders_leaves_the_order_without_a_contact(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    crm_exports.load(warehouse, "retailcrm")
    warehouse.build_marts(**variables_of("retailcrm", contacts_from_orders=False))
    assert orders(warehouse)["9103"][0] is None
    assert "order:9103" not in contacts(warehouse)


def test_mapping_missing_tables_and_columns_are_named_with_the_var(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    crm_exports.load(warehouse, "hubspot")
    warehouse.run("drop table raw.merged_deal", "alter table raw.deal_stage drop column value")
    first = warehouse.dbt("build", **variables_of("hubspot"))
    assert not first.success
    assert (
        "The warehouse has no table or view raw.merged_deal (set the var crm_raw_tables:"
        " {merged_deal: null} if your CRM has none). Name each as it is called in your warehouse"
        in first.complaints
    )
    second = warehouse.dbt("build", **variables_of("hubspot", crm_raw_tables={"merged_deal": None}))
    assert not second.success
    assert "raw.deal_stage has no column value" in second.complaints


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"crm": "bitrix"}, "The var crm is 'bitrix', but there are mappings of bitrix24"),
        ({"crm_tables": {"deals": "x"}}, "The var crm_tables is '{'deals': 'x'}'"),
        (
            {"crm": "hubspot", "crm_raw_tables": {"deals": "x"}},
            "The var crm_raw_tables is '{'deals': 'x'}'",
        ),
        (
            {"crm": "hubspot", "order_status_types": {"default:x": "WON"}},
            "The var order_status_types is '{'default:x': 'WON'}'",
        ),
    ],
)
def test_mapping_wrong_var_is_an_error_that_names_it(
    warehouses: Warehouses, variables: dict[str, Any], message: str
) -> None:
    outcome = warehouses.make("duckdb").dbt("parse", **variables)
    assert not outcome.success
    assert message in outcome.complaints
