"""Custom attributes: an entry in a var, or a mart's column with its YAML, is all that it takes."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from metrica_export.commands import run
from metrica_export.metrica.access import Api
from metrica_export.metrica.formats import (
    ATTRIBUTE_TYPES,
    CONTACTS,
    ENTITIES,
    MODES,
    ORDERS,
    RESERVED,
    SIMPLE_ORDERS,
    Attribute,
)
from metrica_export.settings import DbtSettings, Options
from metrica_export.warehouse.dbt_manifest import read_marts
from metrica_export.warehouse.dbt_profile import read_warehouse

from tests.dbt import crm
from tests.dbt.added_column import Column, declare
from tests.dbt.conftest import ENGINES, Warehouses
from tests.dbt.warehouse import Warehouse
from tests.support.emulator_fixture import RunningEmulator

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-custom-attribute.md"
NOT_HASHED = {"updated_at", "row_hash", "identifiers_count", "items_count"}
MARTS_IN_TURN = tuple(entity.name for entity in MODES["detailed"])
COUNTS = {"contacts": "identifiers_count", "orders": "items_count"}


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


def test_attribute_of_every_type_is_built_hashed_and_found_by_the_exporter(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {column.attribute.type_name for column in ADDED} == set(ATTRIBUTE_TYPES)
    warehouse.run(*crm.SAMPLE)
    warehouse.build_marts()
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
    for mart in ("contacts", "orders"):
        found = {attribute.name: attribute for attribute in marts.get(mart).attributes}
        assert found == {column.attribute.name: column.attribute for column in ADDED}


# Of every type that a CRM's column may get, with those of the page.
MORE_OF_CONTACTS = [
    {"name": "score", "column": "points", "type": "numeric", "scale": 0, "humanized": "Score"},
    {"name": "met_on", "type": "date"},
    {"name": "manager", "type": "email"},
    {"name": "colours", "type": "text", "multivalued": True},
]
PAID_TILL = {"name": "paid_till", "type": "datetime", "humanized": "Paid till"}


def test_attribute_by_the_steps_of_its_page_goes_from_the_crm_to_metrica(
    warehouses: Warehouses, running_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = in_schema_of_its_own(warehouses.make("postgres"), "anna")
    warehouse.run(
        *crm.SAMPLE,
        "alter table crm.contacts add level text, add points text, add met_on text,"
        " add manager text, add colours text",
        "update crm.contacts set level = ' gold ', points = '7.0', met_on = '2026-01-31',"
        " manager = 'a.li@example.com', colours = 'red,blue' where contact_id = 'C-1'",
        "alter table crm.orders add discount double precision, add paid_till timestamptz",
        "update crm.orders set discount = 0.13, paid_till = '2026-03-01 10:00:00+00'"
        " where order_id = 1",
    )
    entry = re.search(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert entry
    attributes = yaml.safe_load(entry[1])["vars"]["metrica_crm"]["metrica_attributes"]
    attributes["contacts"] += MORE_OF_CONTACTS
    attributes["orders"].append(PAID_TILL)
    outcome = warehouse.dbt(
        "build",
        "--full-refresh",
        counter_time_zone="Europe/Moscow",
        metrica_attributes=attributes,
    )
    assert outcome.success, outcome.complaints

    for name, value in warehouse.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DBT_TARGET_PATH", str(warehouse.output / "target"))
    running_emulator.reset()
    running_emulator.quotas(requests_per_second=1000)
    settings = DbtSettings(warehouse.project, warehouse.profiles, target=warehouse.target)
    api = Api(running_emulator.url, running_emulator.counter, running_emulator.token)
    assert run.run(Options(settings, api.counter_id, MARTS_IN_TURN), api).error is None

    sent = "select custom from {} where {} = ?"
    [(contact,)] = running_emulator.sql(sent.format("contacts", "uniq_id"), "C-1")
    assert json.loads(contact) == {
        "loyalty_level": "gold",
        "score": 7,
        "met_on": "2026-01-31",
        "manager": "a.li@example.com",
        "colours": ["red", "blue"],
    }
    [(order,)] = running_emulator.sql(sent.format("orders", "id"), "1")
    assert json.loads(order) == {"discount": 0.13, "paid_till": "2026-03-01 13:00:00"}
    # No attribute but these is in the counter, and the ledger is where dbt's source looks for it.
    created = running_emulator.sql("select name from attributes order by name")
    assert [name for (name,) in created] == [
        "colours",
        "discount",
        "loyalty_level",
        "manager",
        "met_on",
        "paid_till",
        "score",
    ]
    assert warehouse.rows("select count(*) from anna_metrica_export.mart_rows") != [(0,)]
    assert warehouse.dbt("show", "--select", "undelivered_rows").success


def test_attributes_time_of_an_attribute_in_a_text_is_refused(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.run("alter table crm.orders add paid_till text")
    outcome = warehouse.dbt(
        "run", "--select", "stg_crm__orders", metrica_attributes={"orders": [PAID_TILL]}
    )
    assert "The CRM's orders.paid_till (varchar) should be a time" in outcome.complaints


def test_counted_attributes_are_sent_and_hashed_only_when_the_var_says_so(
    built: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in built.env.items():
        monkeypatch.setenv(name, value)
    settings = DbtSettings(built.project, built.profiles, target=built.target)
    hashed = {}
    for choice in (False, True):
        folder = built.output / f"counting_{choice}"
        monkeypatch.setenv("DBT_TARGET_PATH", str(folder))
        compiled = replace(built, output=folder).dbt("compile", count_attributes=choice)
        assert compiled.success, compiled.complaints
        monkeypatch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        marts = read_marts(settings, read_warehouse(settings))
        for mart, count in COUNTS.items():
            named = [attribute.name for attribute in marts.get(mart).attributes]
            assert named == ([count] if choice else [])
            sql = folder / f"target/compiled/metrica_crm/models/marts/metrica/{mart}.sql"
            hashed[mart, choice] = f"';{count}='" in sql.read_text("utf-8")
    assert hashed == {(mart, choice): choice for mart in COUNTS for choice in (False, True)}


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [
        ("orders", "It is no mapping of contacts and orders"),
        ({"orders": {"name": "mark"}}, "orders is no list"),
        ({"orders": 5}, "orders is no list"),
        ({"contacts": True}, "contacts is no list"),
        (
            {"orders": [{"name": "mark", "type": "text", "multivalued": "no"}]},
            "orders.mark has multivalued 'no'. Set it to true or false",
        ),
        (
            {"orders": [{"name": "mark", "type": "text", "humanized": 2026}]},
            "orders.mark has humanized 2026, which is no text",
        ),
        ({"products": [{"name": "mark"}]}, "products: Metrica accepts attributes of contacts and"),
        ({"orders": ["mark"]}, "orders.1 is no mapping"),
        ({"orders": [{"type": "text"}]}, "orders.1 needs a `name`"),
        ({"orders": [{"name": "Mark", "type": "text"}]}, "orders.Mark needs a `name` of a to z"),
        ({"orders": [{"name": "mark", "typ": "text"}]}, "orders.mark has the unknown key typ"),
        ({"orders": [{"name": "mark", "type": "number"}]}, "orders.mark has the type 'number'"),
        ({"orders": [{"name": "mark"}]}, "orders.mark has the type ''. Set `type` to text"),
        ({"orders": [{"name": "mark", "type": "numeric"}]}, "orders.mark is numeric and needs"),
        (
            {"orders": [{"name": "mark", "type": "numeric", "scale": 18}]},
            "orders.mark is numeric and needs `scale`",
        ),
        (
            {"orders": [{"name": "mark", "type": "text", "scale": 2}]},
            "orders.mark has a `scale`, which only numeric",
        ),
        (
            {"orders": [{"name": "mark", "type": "text", "column": "a; drop"}]},
            "orders.mark has the column 'a; drop', which is no name",
        ),
        (
            {"orders": [{"name": "mark", "type": "text"}, {"name": "mark", "type": "date"}]},
            "orders.mark is there twice",
        ),
        ({"contacts": [{"name": "email", "type": "email"}]}, "contacts.email has a name that the"),
        ({"orders": [{"name": "revenue", "type": "text"}]}, "orders.revenue has a name that the"),
        ({"orders": [{"name": "products", "type": "text"}]}, "orders.products is a column of Met"),
        ({"orders": [{"name": "emails", "type": "text"}]}, "orders.emails has a name that Metrica"),
    ],
)
def test_attributes_var_that_cannot_be_read_stops_the_build_with_one_message(
    warehouses: Warehouses, attributes: object, complaint: str
) -> None:
    outcome = warehouses.make("duckdb").dbt("build", metrica_attributes=attributes)
    assert not outcome.success
    assert "The var metrica_attributes has attributes that Metrica or" in outcome.complaints
    assert complaint in outcome.complaints
    assert outcome.count("model", "success") == outcome.count("seed", "success") == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_attributes_unknown_column_is_named_with_the_columns_of_the_table(
    warehouses: Warehouses, engine: str
) -> None:
    outcome = warehouses.make(engine).dbt(
        "run",
        "--select",
        "stg_crm__orders",
        metrica_attributes={"orders": [{"name": "mark", "column": "utm", "type": "text"}]},
    )
    assert not outcome.success
    assert "has no column utm, which the attribute mark of the var" in outcome.complaints
    assert "The columns are contact_id, cost, created_at, currency, " in outcome.complaints


def in_schema_of_its_own(warehouse: Warehouse, schema: str) -> Warehouse:
    """Return the warehouse with another schema in its profile."""
    own = warehouse.output / "profiles"
    own.mkdir()
    text = (warehouse.profiles / "profiles.yml").read_text("utf-8")
    named = text.replace("schema: public", f"schema: {schema}").replace(
        "schema: main", f"schema: {schema}"
    )
    (own / "profiles.yml").write_text(named, encoding="utf-8")
    return replace(warehouse, profiles=own)


def assert_hashes(warehouse: Warehouse, mart: str) -> None:
    """Compare each row's hash with md5 over the names and values of its columns."""
    types = dict(
        warehouse.rows(
            f"""select column_name, lower(data_type) from information_schema.columns
            where table_schema = 'metrica' and table_name = '{mart}'"""
        )
    )
    names = sorted(types.keys() - NOT_HASHED)
    values = ", ".join(f"cast({name} as text)" for name in names)
    rows = warehouse.rows(f"select row_hash, {values} from metrica.{mart}")
    assert len(rows) == 3
    for row_hash, *cells in rows:
        head, texts = "", ""
        for name, cell in zip(names, cells, strict=True):
            if cell is None:
                continue
            if types[name] in {"text", "varchar"}:
                texts += cell
                head += f";{name}={len(cell)}"
            elif types[name].startswith(("date", "timestamp")):
                moment = datetime.fromisoformat(cell).replace(tzinfo=UTC)
                head += f";{name}={int(moment.timestamp())}"
            else:
                head += f";{name}={cell}"
        text = f"{head}:{texts}"
        assert hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() == row_hash


@pytest.mark.parametrize(
    ("mart", "name", "meta", "complaint"),
    [
        *(
            (mart, name, "{metrica: {type: text}}", "has a name that Metrica reserves")
            for mart in ("contacts", "orders")
            for name in RESERVED
        ),
        ("orders", "emails", "{metrica: {type: text}}", "has a name that Metrica reserves"),
        ("orders", "Client_Ids", "{metrica: {type: text}}", "has a name that Metrica reserves"),
        (
            "orders",
            "update_date_time",
            "{metrica: {type: datetime}}",
            "is a column of Metrica and no",
        ),
        ("contacts", "score", "{}", "Add `meta: {metrica: {type: numeric|date|datetime|"),
        ("contacts", "score", "{metrica: {type: number}}", "Add `meta: {metrica: {type: "),
        ("products", "price", "{metrica: {type: numeric}}", "accepts no attributes of products"),
        ("simple_orders", "products", "{metrica: {type: text}}", "no attributes of simple_orders"),
    ],
)
def test_attributes_column_that_metrica_could_not_take_stops_the_build_before_it_begins(
    warehouses: Warehouses, mart: str, name: str, meta: str, complaint: str
) -> None:
    warehouse = warehouses.make("duckdb")
    declare(warehouse, mart, name, "text", meta)
    outcome = warehouse.dbt("build", simple_orders=True)
    assert not outcome.success
    assert (
        "Metrica does not accept these columns as declared. Correct the models' YAML:\n"
        in outcome.complaints
    )
    assert f"{mart}.{name} " in outcome.complaints
    assert complaint in outcome.complaints
    assert outcome.count("model", "success") == outcome.count("seed", "success") == 0


def test_dbt_knows_metricas_columns_as_the_exporter_does(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    analysis = warehouse.project / "analyses/known.sql"
    analysis.write_text("{{ tojson(_metrica_columns()) }}", encoding="utf-8")
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
