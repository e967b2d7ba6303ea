"""The ready-made mappings build the marts on Spark that they build on DuckDB."""

from typing import Any

import pytest

from tests.dbt import crm_exports
from tests.dbt.crm_exports import hostile
from tests.dbt.warehouse import Warehouse
from tests.spark.comparison import difference
from tests.spark.fixtures import NO_TESTS, Pair, Pairs

CRMS: dict[str, dict[str, Any]] = {
    "bitrix24": {"crm_raw_tables": {"crm_deal_ids": "crm_deal_ids"}},
    "amocrm": {"sales_pipelines": [7001]},
    "retailcrm": {"crm_time_zone": "Europe/Moscow"},
    "hubspot": {},
}
FILLED = ("metrica.contacts", "metrica.orders", "metrica.order_statuses", "metrica.simple_orders")
# amoCRM's export has no products.
OTHERS = ("metrica.products", "metrica_work.left_out")


@pytest.mark.parametrize("crm", CRMS)
def test_spark_mapping_of_a_hostile_export_equals_duckdb(pairs: Pairs, crm: str) -> None:
    pair = pairs.make(crm, crm=crm, crm_has_order_status_history=True, **CRMS[crm])
    _fill(pair, crm)
    for outcome in (
        pair.on_duckdb("build", *NO_TESTS, crm_schema="raw"),
        pair.on_spark("build", *NO_TESTS),
    ):
        assert outcome.success, outcome.complaints
    for table in (*FILLED, *OTHERS):
        schema, _, name = table.partition(".")
        found = difference(pair.file, table, pair.lake.read(f"{crm}_{schema}", name))
        assert found.is_none, (table, found)
        assert found.rows > (3 if table in FILLED else -1), table


def _fill(pair: Pair, crm: str) -> None:
    """Load the untyped export and its hostile rows on DuckDB, and copy them to Iceberg."""
    env = {"METRICA_DUCKDB_PATH": str(pair.file)}
    warehouse = Warehouse("duckdb", env, pair.project, pair.home, pair.home)
    crm_exports.load(warehouse, crm, "crm_contact_ids", typed=False)
    hostile.add_hostile_rows(warehouse, crm)
    pair.copy("raw")
