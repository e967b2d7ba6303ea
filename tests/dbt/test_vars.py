"""The project builds and tests itself with the vars that a team sets, not only with its own."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dbt import crm
from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import EVERYTHING

FAR_FROM_DEFAULT: dict[str, Any] = {
    "counter_time_zone": "Asia/Yekaterinburg",
    "crm_time_zone": "America/New_York",
    "default_calling_code": "1",
    "default_currency": "USD",
    "currency_codes": {"BYR": "BYN"},
    "identifiers": {"emails": "md5", "phones": "md5"},
    "unmapped_statuses": "error",
    "count_attributes": True,
    "crm_has_order_status_history": True,
    "simple_orders": True,
}
OTHER_CHOICES: dict[str, Any] = {
    "counter_time_zone": "UTC",
    "crm_time_zone": "Asia/Kolkata",
    "default_calling_code": "49",
    "currency_codes": {},
    "identifiers": {"emails": "both", "phones": "both"},
    "snapshot_order_statuses": True,
}
BARE_CRM: dict[str, Any] = {
    "crm_has_contact_identifiers": False,
    "crm_has_order_items": False,
    "crm_has_products": False,
}


NOT_IN_UNIT_TESTS = {
    "attributes": "a unit test has no columns of a team",
    "_attributes_of_crm": "the same",
    "incremental_start": "a unit test of an incremental build overrides it",
    "identifiers_start": "a unit test of a full build does not need it",
    "crm_table": "a unit test that reads a CRM table is enabled without a mapping only",
}


@pytest.mark.parametrize(
    ("engine", "variables"),
    [("duckdb", OTHER_CHOICES), ("postgres", FAR_FROM_DEFAULT)],
)
def test_vars_empty_build_passes_its_unit_tests_whatever_the_vars_are(
    warehouses: Warehouses, engine: str, variables: dict[str, Any]
) -> None:
    warehouse = warehouses.make(engine)
    warehouse.run(*crm.SAMPLE, *crm.HISTORY)
    outcome = warehouse.dbt("build", "--empty", **variables)
    assert outcome.success, outcome.complaints
    assert outcome.count("unit_test", "pass") >= 45
    assert warehouse.rows("select count(*) from metrica.orders") == [(0,)]


def test_vars_crm_without_optional_tables_builds_and_passes_every_test(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.run(*crm.SAMPLE)
    for table in ("contact_identifiers", "order_items", "products"):
        warehouse.run(f"drop table crm.{table}")
    outcome = warehouse.dbt("build", **BARE_CRM)
    assert outcome.success, outcome.complaints
    assert "crm_order_items_of_unknown_products" not in outcome.complaints
    assert warehouse.rows("select count(*), max(products) from metrica.orders") == [(3, None)]
    assert warehouse.rows("select count(*) from metrica.products") == [(0,)]


def test_every_unit_test_overrides_the_vars_that_its_model_reads(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    assert warehouse.dbt("parse", **EVERYTHING).success
    manifest = json.loads((warehouse.output / "target/manifest.json").read_text("utf-8"))
    macros = {
        macro["name"]: macro["macro_sql"]
        for macro in manifest["macros"].values()
        if macro["package_name"] == "metrica_crm"
    }
    models = {node["name"]: node["raw_code"] for node in manifest["nodes"].values()}
    assert len(manifest["unit_tests"]) >= 48
    forgotten = {
        unit_test["name"]: missing
        for unit_test in manifest["unit_tests"].values()
        if (
            missing := variables_of(models[unit_test["model"]], macros)
            - set((unit_test["overrides"] or {}).get("vars", {}))
        )
    }
    assert forgotten == {}, forgotten


def variables_of(model: str, macros: dict[str, str]) -> set[str]:
    """Return the vars that a model's SQL depends on, by itself or by its macros.

    Without its hooks, which a unit test does not run, and without the vars that enable the
    unit test itself.
    """
    sql = re.sub(r"\{\{ config\(.*?\) \}\}\n", "", model, flags=re.DOTALL)
    texts = [sql, *(macros[name] for name in macros_of(sql, macros, set()))]
    read = {
        name
        for text in texts
        for name in re.findall(r"\b(?:var|_time_zone)\(['\"](\w+)['\"]", text)
    }
    return {name for name in read if not name.startswith("crm_has_")}


def macros_of(sql: str, macros: dict[str, str], seen: set[str]) -> Iterator[str]:
    """Yield the macros that an SQL text calls, those of the engines too."""
    for called in re.findall(r"\b(\w+)['\"]?\)?\(", sql):
        for name in (called, f"postgres__{called}", f"duckdb__{called}"):
            if name in macros and name not in seen and name not in NOT_IN_UNIT_TESTS:
                seen.add(name)
                yield name
                yield from macros_of(macros[name], macros, seen)
