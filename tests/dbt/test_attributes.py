"""Custom attributes: a column in a mart and its entry in the YAML are all that it takes."""

import hashlib
import json

import pytest

from exporter.config import DbtSettings
from exporter.manifest import Attribute, read_marts
from exporter.marts import ATTRIBUTE_TYPES, CONTACTS, ENTITIES, ORDERS, RESERVED, SIMPLE_ORDERS
from exporter.profiles import read_warehouse
from tests.dbt import crm
from tests.dbt.added_column import Column, declare
from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import Warehouse

NOT_HASHED = {"updated_at", "row_hash"}


ADDED = (
    Column(
        Attribute("score", "numeric", "score", multivalued=False),
        *("numeric(9,3)", "cast(-1.5 as numeric(9, 3))", "-1.500"),
    ),
    Column(
        Attribute("first_call", "date", "first_call", multivalued=False),
        *("date", "cast('2026-01-31' as date)", "2026-01-31"),
    ),
    Column(
        Attribute("last_call", "datetime", "Последний звонок", multivalued=False),
        *("timestamp", "cast('2026-01-31 10:20:30' as timestamp)", "2026-01-31 10:20:30"),
    ),
    Column(
        Attribute("manager", "email", "manager", multivalued=False),
        *("text", "'a.li@example.com'", "a.li@example.com"),
    ),
    Column(
        Attribute("segment", "text", "segment", multivalued=False),
        *("text", "'VIP; \"Ё\"'", 'VIP; "Ё"'),
    ),
    Column(
        Attribute("colours", "text", "colours", multivalued=True),
        *("text", "'red,синий'", "red,синий"),
    ),
)


def test_an_attribute_of_every_type_is_built_hashed_and_found_by_the_exporter(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {column.attribute.type_name for column in ADDED} == set(ATTRIBUTE_TYPES)
    warehouse.run(*crm.SAMPLE)
    warehouse.build()
    for mart in ("contacts", "orders"):
        for column in ADDED:
            column.add(warehouse, mart)
    outcome = warehouse.dbt("run", "--full-refresh")
    assert outcome.success, outcome.complaints
    values = ", ".join(f"cast({column.attribute.name} as text)" for column in ADDED)
    for mart in ("contacts", "orders"):
        rows = warehouse.rows(f"select distinct {values} from metrica.{mart}")
        assert rows == [tuple(column.value for column in ADDED)]
        assert_hashes(warehouse, mart)

    for name, value in warehouse.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DBT_TARGET_PATH", str(warehouse.output / "target"))
    settings = DbtSettings(warehouse.project, warehouse.profiles, target=warehouse.target)
    marts = read_marts(settings, read_warehouse(settings))
    for mart, count in (("contacts", "identifiers_count"), ("orders", "items_count")):
        found = {attribute.name: attribute for attribute in marts.get(mart).attributes}
        assert found.pop(count).type_name == "numeric"
        assert found == {column.attribute.name: column.attribute for column in ADDED}


def assert_hashes(warehouse: Warehouse, mart: str) -> None:
    """Compare each row's hash with md5 over the names, lengths and values of its columns."""
    names = sorted(
        name
        for (name,) in warehouse.rows(
            f"""select column_name from information_schema.columns
            where table_schema = 'metrica' and table_name = '{mart}'"""
        )
    )
    hashed = [name for name in names if name not in NOT_HASHED]
    values = ", ".join(f"cast({name} as text)" for name in hashed)
    rows = warehouse.rows(f"select row_hash, {values} from metrica.{mart}")
    assert len(rows) == 3
    for row_hash, *cells in rows:
        text = "".join(
            f"{name}={len(cell)}:{cell};"
            for name, cell in zip(hashed, cells, strict=True)
            if cell is not None
        )
        assert hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() == row_hash


@pytest.mark.parametrize(
    ("mart", "name", "meta", "complaint"),
    [
        *(
            (mart, name, "{metrica: {type: text}}", "has a name that Metrica uses itself")
            for mart in ("contacts", "orders")
            for name in RESERVED
        ),
        ("orders", "emails", "{metrica: {type: text}}", "has a name that Metrica uses itself"),
        ("orders", "Client_Ids", "{metrica: {type: text}}", "has a name that Metrica uses itself"),
        ("orders", "update_date_time", "{metrica: {type: datetime}}", "is Metrica's own and no"),
        ("contacts", "score", "{}", "must say `meta: {metrica: {type: numeric|date|datetime|"),
        ("contacts", "score", "{metrica: {type: number}}", "must say `meta: {metrica: {type: "),
        ("products", "price", "{metrica: {type: numeric}}", "takes no attributes of products"),
        ("simple_orders", "products", "{metrica: {type: text}}", "no attributes of simple_orders"),
    ],
)
def test_a_column_that_metrica_could_not_take_stops_the_build_before_it_begins(
    warehouses: Warehouses, mart: str, name: str, meta: str, complaint: str
) -> None:
    warehouse = warehouses.make("duckdb")
    declare(warehouse, mart, name, "text", meta)
    outcome = warehouse.dbt("build", simple_orders=True)
    assert not outcome.success
    assert "Metrica could not take these columns as they are declared:\n" in outcome.complaints
    assert f"{mart}.{name} " in outcome.complaints
    assert complaint in outcome.complaints
    assert outcome.count("model", "success") == outcome.count("seed", "success") == 0


def test_dbt_knows_metricas_columns_as_the_exporter_does(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    analysis = warehouse.project / "analyses/known.sql"
    analysis.write_text("{{ tojson(metrica_columns()) }}", encoding="utf-8")
    assert warehouse.dbt("compile", "--select", "known").success
    compiled = warehouse.output / "target/compiled/metrica_crm/analyses/known.sql"
    known = json.loads(compiled.read_text(encoding="utf-8"))
    assert set(known) == {entity.name for entity in ENTITIES}
    for entity in ENTITIES:
        own = known[entity.name]
        assert set(own["columns"]) == {column.name for column in entity.columns}
        assert own["attributes"] is (entity in (CONTACTS, ORDERS))
    assert set(known["contacts"]["reserved"]) == set(RESERVED)
    # An order's attribute must not be named as what a simple order has besides.
    besides = {column.name for column in SIMPLE_ORDERS.columns if not ORDERS.column(column.name)}
    assert set(known["orders"]["reserved"]) == {*RESERVED, *besides}
