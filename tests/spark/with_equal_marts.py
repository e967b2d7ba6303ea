"""The marts of Spark equal DuckDB's, row for row and hash for hash."""

import duckdb
import pytest
from metrica_export.demo.crm import next_day

from tests.dbt import crm
from tests.dbt.incremental_marts import make_incremental
from tests.spark import crms
from tests.spark.comparison import difference
from tests.spark.fixtures import HOSTILE_ATTRIBUTES, Pair, Pairs

MARTS = ("contacts", "orders", "products", "order_statuses", "simple_orders")
ROWS = {
    "demo": {"contacts": 2_000, "orders": 6_000, "products": 200, "order_statuses": 8},
    "histories": {"contacts": 4_000, "orders": 8_000, "products": 2_000, "order_statuses": 8},
    "hostile": {"contacts": 50_000, "orders": 200, "products": 20, "order_statuses": 8},
}
"""The least number of rows of each mart, so that no comparison is of nothing."""


def compare(pair: Pair, schema: str, table: str, columns: str = "*") -> None:
    rows = pair.lake.read(f"{pair.name}_{schema}", table)
    found = difference(pair.file, f"{schema}.{table}", rows, columns)
    assert found.is_none, found
    assert found.rows >= ROWS[pair.name].get(table, 1)


@pytest.mark.parametrize("mart", MARTS)
def test_spark_mart_equals_duckdb(pair: Pair, mart: str) -> None:
    compare(pair, "metrica", mart)


@pytest.mark.parametrize("mart", HOSTILE_ATTRIBUTES)
def test_spark_marts_have_the_columns_of_custom_attributes(hostile: Pair, mart: str) -> None:
    rows = hostile.lake.read("hostile_metrica", mart)
    names = [attribute["name"] for attribute in HOSTILE_ATTRIBUTES[mart]]
    assert all(rows[name].null_count < len(rows) for name in names)


def test_spark_counts_of_values_left_out_equal_duckdb(pair: Pair) -> None:
    compare(pair, "metrica_work", "left_out")


def test_spark_checksums_of_marts_equal_duckdb(pair: Pair) -> None:
    compare(pair, "metrica_work", "mart_builds", "distinct mart, time_zone, row_count, checksum")


def test_spark_build_of_an_unchanged_crm_commits_each_mart_once(demo: Pair) -> None:
    before = {mart: demo.lake.snapshots("demo_metrica", mart) for mart in MARTS}
    selected = " ".join(MARTS)
    outcome = demo.on_spark("run", "--select", *selected.split())
    assert outcome.success, outcome.complaints
    after = {mart: demo.lake.snapshots("demo_metrica", mart) for mart in MARTS}
    assert {mart: after[mart] - before[mart] for mart in MARTS} == dict.fromkeys(MARTS, 1)
    compare(demo, "metrica", "orders")


def test_spark_data_tests_end_as_on_duckdb(demo: Pair) -> None:
    arguments = ("test", "--exclude-resource-type", "unit_test")
    on_spark, on_duckdb = demo.on_spark(*arguments), demo.on_duckdb(*arguments)
    assert on_spark.statuses == on_duckdb.statuses, on_spark.complaints
    assert len(on_spark.statuses) > 60
    assert "warn" in on_spark.statuses.values()


def test_spark_unit_tests_pass(demo: Pair) -> None:
    outcome = demo.on_spark("test", "--select", "resource_type:unit_test")
    assert outcome.success, outcome.complaints
    statuses = {node: s for node, s in outcome.statuses.items() if node.startswith("unit_test.")}
    assert set(statuses.values()) == {"pass"}
    assert len(statuses) > 40


def test_spark_analyses_compile_to_queries_that_run(demo: Pair) -> None:
    found = demo.on_spark("compile", "--select", "resource_type:analysis")
    assert found.success, found.complaints
    names = [node.removeprefix("analysis.metrica_crm.") for node in found.statuses]
    # The ledger is in another database.
    names.remove("undelivered_rows")
    assert len(names) == 6
    for name in names:
        shown = demo.on_spark("show", "--select", name, "--limit", "5")
        assert shown.success, (name, shown.complaints)


def test_spark_incremental_marts_equal_duckdb_after_a_day_of_changes(pairs: Pairs) -> None:
    pair = pairs.make("demo_next_day")
    make_incremental(pair.project, strategy=None)
    pair.fill(crms.fill_demo)
    pair.build()
    pair.fill(next_day)
    pair.build()
    for mart in MARTS:
        rows = pair.lake.read(f"{pair.name}_metrica", mart)
        found = difference(pair.file, f"metrica.{mart}", rows)
        assert found.is_none, (mart, found)
    compiled = pair.lake.folder / pair.name / "target/run/metrica_crm/models"
    orders = (compiled / "marts/metrica/orders.sql").read_text("utf-8")
    assert f"merge into {pair.name}_metrica.orders" in orders
    cells = (compiled / "intermediate/int_identifier_cells.sql").read_text("utf-8")
    assert f"insert into table {pair.name}_metrica_work.int_identifier_cells" in cells


def test_spark_reads_lists_and_objects_as_duckdb(pairs: Pairs) -> None:
    pair = pairs.make("lists")
    pair.fill(fill_lists)
    pair.build()
    for table in ("metrica.contacts", "metrica_work.left_out"):
        schema, _, name = table.partition(".")
        found = difference(pair.file, table, pair.lake.read(f"lists_{schema}", name))
        assert found.is_none, found
    contacts = pair.lake.read("lists_metrica", "contacts").to_pylist()
    assert [(row["emails"], row["phones"]) for row in contacts if row["uniq_id"] == "1"] == [
        ("a@example.com,b@example.com", "79995551111,79995551112")
    ]


def test_spark_snapshot_records_changed_statuses(pairs: Pairs) -> None:
    pair = pairs.make("snapshots", crm_has_order_status_history=False, snapshot_order_statuses=True)
    pair.fill(crms.fill_demo)
    pair.build()
    pair.fill(cancel_an_order)
    pair.build()
    paths = pair.lake.read("snapshots_metrica", "orders")
    found = difference(pair.file, "metrica.orders", paths, "id, order_status, status_path, revenue")
    assert found.is_none, found
    with duckdb.connect(str(pair.file), read_only=True) as connection:
        changed = connection.sql(
            "select count(*) from metrica.orders where status_path = 'new,cancelled'"
        ).fetchone()
    assert changed
    assert changed[0] > 0


def cancel_an_order(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "update crm.orders set status = 'cancelled', updated_at = updated_at where status = 'new'"
    )


def fill_lists(connection: duckdb.DuckDBPyConnection) -> None:
    for statement in (*crm.TABLES, *crm.HISTORY):
        connection.execute(statement)
    connection.execute(
        """create or replace table crm.contacts as
        select '1' as contact_id, 'A' as full_name,
            ['a@example.com', null, 'b@example.com'] as email,
            [{'VALUE': '8 999 555-11-11', 'KIND': null}, {'VALUE': '+79995551112', 'KIND': 'W'}]
            as phone,
            1678901234567890123::decimal(20, 1) as metrica_client_id, null::date as birth_date,
            null::timestamptz as created_at, null::timestamptz as updated_at
        union all
        select '2', '', [], null, 1678901234567890123.5, null, null, null"""
    )
