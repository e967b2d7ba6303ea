"""The ready-made mappings: raw tables of four CRMs become the same marts on both engines."""

from typing import Any

import pytest

from tests.dbt import crm_exports
from tests.dbt.conftest import ENGINES, Warehouses
from tests.dbt.crm_exports import expected, hostile
from tests.dbt.warehouse import Warehouse

CRMS = ("bitrix24", "amocrm", "retailcrm", "hubspot")
VARIABLES: dict[str, dict[str, Any]] = {
    "bitrix24": {},
    "amocrm": {"sales_pipelines": [7001]},
    "retailcrm": {"crm_time_zone": "Europe/Moscow"},
    "hubspot": {},
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
    warehouse.build(**variables_of(crm))
    assert contacts(warehouse) == expected.CONTACTS[crm]
    assert orders(warehouse) == expected.ORDERS[crm]
    assert statuses(warehouse) == expected.STATUSES[crm]
    names = {name for (name,) in warehouse.rows("select humanized from metrica.products")}
    assert names == expected.PRODUCTS[crm]


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
        assert contacts(warehouse) == expected.CONTACTS[crm] | hostile.CONTACTS[crm]
        assert orders(warehouse) == expected.ORDERS[crm] | hostile.ORDERS[crm]
        assert statuses(warehouse) == expected.STATUSES[crm]
        marts.append(warehouse.marts())
    assert marts[0] == marts[1]
