"""Conventions of the dbt project as a package: refs, macros, adapters, what a parent can set."""

import json
import re
from dataclasses import replace
from typing import Any

from tests.dbt import crm
from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import Warehouse

PACKAGE = "metrica_crm"
ADAPTERS = ("postgres", "duckdb", "spark")


def test_refs_name_the_package(manifest: dict[str, Any]) -> None:
    everything = [*manifest["nodes"].values(), *manifest["exposures"].values()]
    unnamed = {
        (node["name"], ref["name"])
        for node in everything
        if node["package_name"] == PACKAGE
        for ref in node.get("refs", [])
        # dbt itself refers to the model that a generic test is attached to.
        if ref["package"] != PACKAGE
        and not (node.get("attached_node") or "").endswith(f".{ref['name']}")
    }
    assert unnamed == set()


def test_macros_are_documented_or_private_and_dispatched_ones_refuse_other_adapters(
    manifest: dict[str, Any],
) -> None:
    macros = {
        macro["name"]: macro
        for macro in manifest["macros"].values()
        if macro["package_name"] == PACKAGE
    }
    forms = ("default__", *(f"{adapter}__" for adapter in ADAPTERS))
    plain = {name for name in macros if not name.startswith(forms)}
    documented = {name for name in plain if macros[name]["description"]}
    assert documented == {name for name in plain if not name.startswith("_")}
    dispatched = {
        name
        for macro in macros.values()
        for name in re.findall(r"adapter\.dispatch\('(\w+)', 'metrica_crm'\)", macro["macro_sql"])
    }
    own = re.compile(r"adapter\.dispatch\((?!'\w+', 'dbt'\))")
    calls = sum(len(own.findall(macro["macro_sql"])) for macro in macros.values())
    assert calls == len(dispatched)
    for name in dispatched:
        assert f"_unsupported_adapter('{name}')" in macros[f"default__{name}"]["macro_sql"]
        assert all(f"{adapter}__{name}" in macros for adapter in ADAPTERS)
    # Engine differences are there and nowhere else.
    texts = {name: macro["macro_sql"] for name, macro in macros.items()}
    texts |= {node["name"]: node.get("raw_code", "") for node in manifest["nodes"].values()}
    branching = {name for name, text in texts.items() if "target.type" in text}
    assert branching == {"_unsupported_adapter"}


def test_package_conventions_unsupported_adapter_is_refused_with_what_to_do(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    macros = warehouse.project / "macros/adapters.sql"
    text = macros.read_text(encoding="utf-8")
    for macro in ("require_supported_adapter", "matches"):
        # As on an adapter that the package has no macro for.
        file = macros if macro in text else macros.with_name("regular_expressions.sql")
        found = file.read_text(encoding="utf-8")
        file.write_text(found.replace(f"duckdb__{macro}(", f"other__{macro}("), encoding="utf-8")
        outcome = warehouse.dbt("run", "--select", "order_statuses")
        assert not outcome.success
        assert "Unsupported adapter 'duckdb'" in outcome.complaints
        assert f"write the macro duckdb__{macro} in your project" in outcome.complaints
        file.write_text(found, encoding="utf-8")


def test_package_conventions_status_map_may_be_a_relation_or_a_model_of_a_team(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    columns = "'Paid' as crm_status, 'won' as id, 'PAID' as type, null as humanized"
    query = f"select {columns}, cast(null as text) as goal_action_ids"
    warehouse.run(*crm.SAMPLE, "create schema team", f"create view team.statuses as {query}")
    model = warehouse.project / "models/intermediate/team_map.sql"
    model.write_text(query.replace("'won'", "'of_a_model'"), encoding="utf-8")
    ids = "select id from metrica.order_statuses"
    for name, expected in (("team.statuses", "won"), ("team_map", "of_a_model")):
        outcome = warehouse.build(order_status_map=name)
        assert warehouse.rows(ids) == [(expected,)]
        assert f"Add a row for each to {name} (crm_status" in outcome.complaints
    outcome = warehouse.dbt("build", order_status_map="a.b.c.d")
    assert not outcome.success
    assert "The var order_status_map is 'a.b.c.d'" in outcome.complaints


def parent_project(warehouse: Warehouse, config: str, sources: str = "") -> Warehouse:
    """Return the warehouse with a project `team` that has our project as a package."""
    parent = warehouse.project.with_name("parent")
    (parent / "models").mkdir(parents=True)
    (parent / "models" / "sources.yml").write_text(sources, encoding="utf-8")
    (parent / "dbt_project.yml").write_text(
        f"name: team\nprofile: metrica_crm\n{config}", encoding="utf-8"
    )
    local = f"packages: [{{local: '{warehouse.project}'}}]\n"
    (parent / "packages.yml").write_text(local, encoding="utf-8")
    (parent / "dbt_packages").mkdir()
    (parent / "dbt_packages" / "metrica_crm").symlink_to(warehouse.project)
    return replace(warehouse, project=parent)


def test_package_conventions_schema_and_meta_can_be_set_from_a_parent_project(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.run(*crm.SAMPLE)
    team = parent_project(
        warehouse,
        """models:
  metrica_crm:
    marts:
      +schema: team_metrica
      metrica:
        orders:
          +materialized: incremental
          +meta: {owner: sales}
""",
    )
    for _ in range(2):
        outcome = team.dbt("build", "--exclude-resource-type", "unit_test")
        assert outcome.success, outcome.complaints
    assert team.rows("select count(*) from team_metrica.orders") == [(3,)]
    assert team.rows(
        "select count(*), min(time_zone) from metrica_work.mart_builds where mart = 'orders'"
    ) == [(2, "Europe/Moscow")]
    text = (team.output / "target/manifest.json").read_text("utf-8")
    config = json.loads(text)["nodes"]["model.metrica_crm.orders"]["config"]
    assert config["materialized"] == "incremental"
    assert (config["meta"]["owner"], config["meta"]["metrica"]["entity"]) == ("sales", "orders")


def test_a_source_crm_of_a_parent_project_does_not_replace_ours(warehouses: Warehouses) -> None:
    tables = "[{name: contacts}, {name: orders}]"
    sources = f"sources: [{{name: crm, schema: raw, tables: {tables}}}]\n"
    team = parent_project(warehouses.make("duckdb"), "", sources)
    assert team.dbt("parse").success
    nodes = json.loads((team.output / "target/manifest.json").read_text("utf-8"))["nodes"]
    for table in ("contacts", "orders"):
        [read] = nodes[f"model.metrica_crm.stg_crm__{table}"]["depends_on"]["nodes"]
        assert read == f"source.metrica_crm.metrica_crm.{table}"
