"""The ready-made mappings and their macros give the same results on Spark as on DuckDB."""

from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tests.dbt import crm_exports, test_json
from tests.dbt.crm_exports import hostile
from tests.dbt.warehouse import Warehouse
from tests.spark.comparison import difference
from tests.spark.fixtures import NO_TESTS, Pair, Pairs

ATTRIBUTES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "bitrix24": {
        "orders": [
            {"name": "mark", "column": "utm_source", "type": "text"},
            {"name": "amount", "column": "OPPORTUNITY", "type": "numeric", "scale": 1},
            {"name": "moved", "column": "MOVED_TIME", "type": "datetime"},
        ],
        "contacts": [{"name": "given_name", "column": "NAME", "type": "text"}],
    },
    "amocrm": {
        "orders": [{"name": "mark", "column": "utm_source", "type": "text"}],
        "contacts": [{"name": "mail", "column": "EMAIL", "type": "email"}],
    },
    "retailcrm": {
        "orders": [
            {"name": "mark", "column": "utm_source", "type": "text"},
            {"name": "paid", "column": "fullPaidAt", "type": "datetime"},
        ],
        "contacts": [{"name": "born", "column": "birthday", "type": "date"}],
    },
    "hubspot": {
        "orders": [
            {"name": "mark", "column": "hs_analytics_source", "type": "text"},
            {"name": "closes", "column": "closedate", "type": "date"},
        ],
    },
}
CRMS: dict[str, dict[str, Any]] = {
    "bitrix24": {"crm_raw_tables": {"crm_deal_ids": "crm_deal_ids"}},
    "amocrm": {
        "sales_pipelines": [7001],
        "merge_order_contacts": True,
        "order_status_types": {"7001:143": "SPAM", "O'Brien\\": "OTHER"},
    },
    "retailcrm": {"crm_time_zone": "Europe/Moscow"},
    "hubspot": {},
}
FILLED = ("metrica.contacts", "metrica.orders", "metrica.order_statuses", "metrica.simple_orders")
# amoCRM's export has no products.
OTHERS = ("metrica.products", "metrica_work.left_out")


# A text that looks like JSON, and numbers that lose digits or zeros when they are read.
MEMBERS = {
    '{"a": 1.50}': "1.50",
    '{"a":1767600001123456789.0}': "1767600001123456789.0",
    '{"x":{"a":1},"a" : "2"}': "2",
    '{"x":"\\"a\\":1","a":"\\u0434\\"\\n"}': 'д"\n',
    '{"aa":1}': None,
    '{"a":null}': None,
    '{"a":" "}': None,
    '"{\\"a\\":1}"': None,
    '[{"a":1}]': None,
    '{"x":[[[[[[[1,"]"]]]]]]],"a":[[[[[[[1]]]]]]]}': "[[[[[[[1]]]]]]]",
}
# A list, and the members of its items.
LISTS = {
    '[{"a":1},[{"a":2}],"{\\"a\\":3}",null, {"b":"[","a":"]"} ]': [
        *("1", None, None, None, "]"),
    ],
    '{"a":"alone"}': ["alone"],
    "null": [None],
    " [ ] ": [],
}
# Java's stack would overflow.
_ITEM = '{"c":"\\u0434' + "д" * 9 + '"},'
LONG = '{"b":[' + _ITEM * 5_000 + '0],"a":"' + 'ж\\"' * 20_000 + '"}'


@pytest.mark.parametrize("crm", CRMS)
def test_spark_mapping_of_a_hostile_export_equals_duckdb(pairs: Pairs, crm: str) -> None:
    pair = pairs.make(crm, crm=crm, **_variables(crm), **CRMS[crm])
    warehouse = _warehouse(pair)
    crm_exports.load(warehouse, crm, "crm_contact_ids", typed=False)
    hostile.add_hostile_rows(warehouse, crm)
    _build_and_compare(pair)
    for entity, attributes in ATTRIBUTES[crm].items():
        mart = pair.lake.read(f"{crm}_metrica", entity)
        # Each attribute is a column with values.
        assert all(mart[of["name"]].null_count < len(mart) for of in attributes), entity
    tests = ("test", "--select", "path:models/crm_mappings")
    on_spark, on_duckdb = pair.on_spark(*tests), pair.on_duckdb(*tests, crm_schema="raw")
    assert on_spark.statuses == on_duckdb.statuses, on_spark.complaints
    assert len(on_spark.statuses) > 15


@pytest.mark.parametrize("crm", ["retailcrm", "hubspot"])
def test_spark_mapping_of_a_typed_export_equals_duckdb(pairs: Pairs, crm: str) -> None:
    pair = pairs.make(f"{crm}_typed", crm=crm, **_variables(crm))
    crm_exports.load(_warehouse(pair), crm)
    with duckdb.connect(str(pair.file)) as connection:
        nested = _nest(connection)
    assert nested >= (5 if crm == "retailcrm" else 0)
    _build_and_compare(pair)


def _variables(crm: str) -> dict[str, Any]:
    return {"crm_has_order_status_history": True, "metrica_attributes": ATTRIBUTES[crm]}


def _warehouse(pair: Pair) -> Warehouse:
    env = {"METRICA_DUCKDB_PATH": str(pair.file)}
    return Warehouse("duckdb", env, pair.project, pair.home, pair.home)


def _build_and_compare(pair: Pair) -> None:
    """Copy the export to Iceberg, build the marts on both engines, and compare them."""
    pair.copy("raw")
    for outcome in (
        pair.on_duckdb("build", *NO_TESTS, crm_schema="raw"),
        pair.on_spark("build", *NO_TESTS),
    ):
        assert outcome.success, outcome.complaints
    for table in (*FILLED, *OTHERS):
        schema, _, name = table.partition(".")
        found = difference(pair.file, table, pair.lake.read(f"{pair.name}_{schema}", name))
        assert found.is_none, (table, found)
        assert found.rows > (3 if table in FILLED else -1), table


def _nest(connection: duckdb.DuckDBPyConnection) -> int:
    """Give each column of JSON objects the type that a loader to Iceberg gives it."""
    columns = connection.sql(
        """select table_name, column_name from duckdb_columns()
        where schema_name = 'raw' and data_type = 'JSON'"""
    ).fetchall()
    nested = 0
    for table, column in columns:
        # It has no rows on Spark if it has none here.
        [(structure,)] = connection.sql(
            f'select json_group_structure("{column}") from raw."{table}"'
        ).fetchall()
        if structure and structure[0] in "[{":
            type_ = structure.replace("UBIGINT", "BIGINT")
            type_ = type_.replace('"JSON"', '"VARCHAR"').replace('"NULL"', '"VARCHAR"')
            connection.execute(
                f"""alter table raw."{table}" alter "{column}" type
                using json_transform("{column}", '{type_}')"""
            )
            nested += 1
    return nested


def test_spark_reads_json_and_times_of_texts_as_the_other_engines(pairs: Pairs) -> None:
    cells = [
        *(*test_json.READABLE, *test_json.UNREADABLE, *test_json.REFUSED),
        *(*test_json.TIMES, *MEMBERS, LONG),
    ]
    pair = pairs.make("json", crm_time_zone="Europe/Moscow")
    pair.lake.load("json_crm", {"cells": pa.table({"cell": cells})})
    _write_models(
        pair,
        cells="""select cell, {{ is_json('cell') }} as is_json,
            {{ _is_flat_json('cell') }} as is_flat,
            {{ time_of_text('cell') }} as instant from json_crm.cells""",
        members="""select cell, {{ json_text('cell', 'a') }} as member
            from {{ ref('cells') }} where is_json""",
    )
    outcome = pair.on_spark("run", "--select", "cells", "members")
    assert outcome.success, outcome.complaints
    found = {row["cell"]: row for row in pair.lake.read("json_metrica_work", "cells").to_pylist()}
    readable = {cell for cell in found if found[cell]["is_json"]}
    assert readable - test_json.TIMES.keys() == {*test_json.READABLE, *MEMBERS, LONG}
    assert not found[LONG]["is_flat"]
    instants = {cell: found[cell]["instant"] for cell in test_json.TIMES}
    assert {c: t and t.isoformat() for c, t in instants.items()} == test_json.TIMES
    members = pair.lake.read("json_metrica_work", "members").to_pylist()
    texts = {row["cell"]: row["member"] for row in members}
    assert {cell: texts[cell] for cell in MEMBERS} == MEMBERS
    assert texts[LONG] == 'ж"' * 20_000


def test_spark_reads_json_lists_item_by_item(pairs: Pairs) -> None:
    pair = pairs.make("json_lists")
    pair.lake.load("json_lists_crm", {"cells": pa.table({"cell": list(LISTS)})})
    _write_models(
        pair,
        cells="""select cell, place, {{ json_text('item', 'a') }} as member from (
            select cell, {{ numbered_list_rows(json_items('cell'), 'item', 'place') }}
            from json_lists_crm.cells
        ) as items""",
    )
    outcome = pair.on_spark("run", "--select", "cells")
    assert outcome.success, outcome.complaints
    rows = pair.lake.read("json_lists_metrica_work", "cells").to_pylist()
    rows.sort(key=lambda row: row["place"])
    found = {cell: [row["member"] for row in rows if row["cell"] == cell] for cell in LISTS}
    assert found == LISTS


def _write_models(pair: Pair, **queries: str) -> None:
    for name, query in queries.items():
        text = "{{ config(materialized='table') }}\n" + query
        (pair.project / f"models/intermediate/{name}.sql").write_text(text, "utf-8")
