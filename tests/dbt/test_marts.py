"""What the marts promise to whoever reads them, on both engines."""

import json
from typing import Any

import pytest
from metrica_export.metrica.formats import ENTITIES

from tests.dbt import crm
from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import EVERYTHING, MARTS, Warehouse

OWN_COLUMNS = {"updated_at", "row_hash"}
NOT_SENT = {"orders": {"status_path"}}
# Metrica fills it by itself; the CRM's technical time would send every touched row again.
NOT_EXPORTED = {"update_date_time"}
WITHOUT_IDENTIFIERS = {"crm_has_contact_identifiers": False}
PERSONAL = {
    "name",
    "birth_date",
    "client_ids",
    "emails",
    "phones",
    "emails_md5",
    "phones_md5",
}


@pytest.mark.parametrize(
    ("variables", "unit_tests", "models"),
    [({}, 57, 26), (WITHOUT_IDENTIFIERS, 56, 26), (EVERYTHING, 62, 27)],
)
def test_marts_fresh_warehouse_builds_and_passes_every_test(
    warehouse: Warehouse, variables: dict[str, bool], unit_tests: int, models: int
) -> None:
    warehouse.run(*crm.SAMPLE, *crm.HISTORY)
    if variables == WITHOUT_IDENTIFIERS:
        warehouse.run("drop table crm.contact_identifiers")
    outcome = warehouse.dbt("build", **variables)
    assert outcome.success, outcome.complaints
    assert outcome.count("unit_test", "pass") >= unit_tests
    assert outcome.count("test", "pass", "warn") >= 60
    assert outcome.count("model", "success") == models


def test_both_engines_hold_the_same_rows_and_hashes(built_on: dict[str, Warehouse]) -> None:
    duckdb, postgres = (warehouse.marts() for warehouse in built_on.values())
    assert {mart: len(rows) for mart, rows in duckdb.items()}["contacts"] > 3000
    assert duckdb == postgres


def test_marts_statuses_have_the_russian_names_of_the_seed(built: Warehouse) -> None:
    names = dict(built.rows("select id, humanized from metrica.order_statuses"))
    assert names["cancelled"] == "Отменён"
    assert [status for status, name in names.items() if name.isascii()] == []


def test_marts_contact_as_metrica_takes_it(built: Warehouse) -> None:
    [contact] = built.rows(
        """select name, create_date_time, birth_date, client_ids, emails, phones,
            identifiers_count, updated_at from metrica.contacts where uniq_id = 'C-1'"""
    )
    assert contact == (
        "Анна Ли",
        "2026-01-02T00:30:00",
        "1990-05-01",
        "1678901234567890123",
        "a.li@example.com,anna@example.com",
        "79995551111,79995551112",
        5,
        "2026-02-03T00:00:00+00:00",
    )


def test_marts_birth_date_before_1970_is_left_out_of_the_contact_and_counted(
    built: Warehouse,
) -> None:
    contact = "where uniq_id = 'c-3'"
    assert built.rows(f"select birth_date, name from metrica.contacts {contact}") == [
        (None, 'O\'Neil; "Ann"')
    ]
    outcome = built.dbt("test", "--select", "contacts_born_before_1970")
    assert outcome.count("test", "warn") == 1
    assert "Got 1 result, configured to warn" in outcome.complaints


def test_marts_order_as_metrica_takes_it(built: Warehouse) -> None:
    columns = """client_uniq_id, client_type, create_date_time, finish_date_time, order_status,
        cast(revenue as text), cast(cost as text), currency, goals, products, items_count,
        updated_at"""
    first, second, third = built.rows(f"select {columns} from metrica.orders order by id")
    assert first == (
        "C-1",
        "CONTACT",
        "2026-02-01T13:00:00",
        "2026-02-02T13:00:00",
        "paid",
        "100.01",
        "60.13",
        "RUB",
        None,
        "md5-83fee804bb3b0c0db497ecd0c8ede545:1,p1:3",
        4,
        "2026-02-05T00:00:00+00:00",
    )
    assert second == (
        "C-2",
        "CONTACT",
        "2026-02-01T13:00:00",
        *[None] * 4,
        "USD",
        None,
        None,
        0,
        None,
    )
    assert third[4:9] == ("new", "0.00", "0.00", "рубли", None)


def test_marts_list_values_left_out_of_a_contact(built: Warehouse) -> None:
    left_out = built.rows(
        """select contact_id, kind, raw, reason from metrica_work.int_contact_identifiers
        where reason is not null and contact_id not like 'phone-%'
        order by contact_id, kind, raw"""
    )
    assert left_out == [
        ("C-2", "client_id", "1.6E+18", "written_by_a_spreadsheet"),
        ("C-2", "email", "нет", "no_at_sign"),
        ("c-3", "phone", "спросить", "not_a_phone"),
    ]


@pytest.mark.parametrize("mart", MARTS)
def test_mart_has_metricas_columns_and_declared_attributes(built: Warehouse, mart: str) -> None:
    [entity] = [entity for entity in ENTITIES if entity.name == mart]
    node = manifest(built)["nodes"][f"model.metrica_crm.{mart}"]
    declared: dict[str, object] = {"attributes": {}} if mart in ("contacts", "orders") else {}
    assert node["config"]["meta"]["metrica"] == declared | {
        "entity": mart,
        "counter_time_zone": "Europe/Moscow",
        "dbt_target": built.target,
    }
    attributes = {
        name: column["config"]["meta"]["metrica"]["type"]
        for name, column in node["columns"].items()
        if "metrica" in column["config"].get("meta", {})
    }
    assert all(entity.column(name) is None for name in attributes)
    metricas = {column.name for column in entity.columns} - NOT_EXPORTED
    assert set(node["columns"]) == metricas | set(attributes) | OWN_COLUMNS | NOT_SENT.get(
        mart, set()
    )
    in_warehouse = built.rows(
        f"""select column_name from information_schema.columns
        where table_schema = 'metrica' and table_name = '{mart}'"""
    )
    assert {name for (name,) in in_warehouse} == set(node["columns"])


def test_personal_columns_are_tagged(built: Warehouse) -> None:
    columns = manifest(built)["nodes"]["model.metrica_crm.contacts"]["columns"]
    tagged = {name for name, column in columns.items() if column["tags"] == ["pii"]}
    assert tagged == PERSONAL
    assert all(columns[name]["config"]["meta"]["pii"] is True for name in tagged)


def test_marts_documentation_is_generated_and_complete(built: Warehouse) -> None:
    assert_documented(built)


@pytest.mark.parametrize("variables", [EVERYTHING, {"snapshot_order_statuses": True}])
def test_marts_document_models_that_are_off_by_default(
    warehouses: Warehouses, variables: dict[str, bool]
) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.run(*crm.SAMPLE, *crm.HISTORY)
    warehouse.build_marts(**variables)
    assert_documented(warehouse, **variables)


def assert_documented(warehouse: Warehouse, **variables: bool) -> None:
    """Compare the tables of the warehouse with what the project says of them."""
    outcome = warehouse.dbt("docs", "generate", **variables)
    assert outcome.success, outcome.complaints
    catalog = json.loads((warehouse.output / "target/catalog.json").read_text(encoding="utf-8"))
    known = manifest(warehouse)
    described = known["nodes"] | known["sources"]
    for unique_id, table in (catalog["nodes"] | catalog["sources"]).items():
        node = described[unique_id]
        assert node["description"], unique_id
        documented = {name for name, column in node["columns"].items() if column["description"]}
        assert set(table["columns"]) == documented, unique_id
    own_macros = [
        macro
        for macro in known["macros"].values()
        if macro["package_name"] == "metrica_crm"
        # Private, or the variant of an engine, which its dispatching macro documents.
        and not macro["name"].startswith(("_", "default__", "postgres__", "duckdb__", "spark__"))
    ]
    assert [macro["name"] for macro in own_macros if not macro["description"]] == []


def test_freshness_of_the_crm_is_checked(built: Warehouse) -> None:
    outcome = built.dbt("source", "freshness")
    assert outcome.success, outcome.complaints
    assert outcome.statuses["source.metrica_crm.metrica_crm.orders"] == "warn"


def test_marts_developers_schema_is_part_of_the_schema_names(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("postgres")
    profile = warehouse.profiles / "profiles.yml"
    own = warehouse.output / "profiles"
    own.mkdir()
    text = profile.read_text(encoding="utf-8").replace("schema: public", "schema: anna")
    (own / "profiles.yml").write_text(text, encoding="utf-8")
    warehouse = Warehouse("postgres", warehouse.env, warehouse.project, own, warehouse.output)
    assert warehouse.dbt("parse").success
    schemas = {
        node["schema"] for node in manifest(warehouse)["nodes"].values() if "columns" in node
    }
    assert {"anna_metrica", "anna_metrica_work"} <= schemas
    assert not {"metrica", "metrica_work"} & schemas


def manifest(warehouse: Warehouse) -> dict[str, Any]:
    """Return what dbt wrote down about the project when it last ran."""
    text = (warehouse.output / "target/manifest.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
