"""Conventions of the dbt project, after the rules of dbt-labs/dbt-project-evaluator.

Each test bears the name of the evaluator's model (`fct_…`) that states the rule. An exception
stands in `EXCEPTIONS` with its reason, and must be needed.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import pytest

Node = dict[str, Any]

PACKAGE = "metrica_crm"
PREFIXES = {"staging": "stg_", "intermediate": "int_"}
MAX_VIEWS_IN_A_CHAIN = 5
MAX_LEAF_CHILDREN = 3
MAX_JOINS = 7
KEY_TESTS = ({"key"}, {"unique_combination"})

EXCEPTIONS = {
    ("fct_root_models", "mart_builds"): "the marts write its rows, so it selects none itself",
    ("fct_missing_primary_key_tests", "int_left_out_orders"): (
        "a view whose rows are in the table left_out, where the key is tested"
    ),
    ("fct_missing_primary_key_tests", "int_order_products"): "a view grouped by its key",
    ("fct_missing_primary_key_tests", "int_orders"): (
        "a view with one row for each row of the mart, where the key is tested"
    ),
    ("fct_missing_primary_key_tests", "stg_crm__order_items"): "a line has no key",
    ("fct_too_many_joins", "orders"): (
        "an incremental build reads four models in place of the three of a full one"
    ),
    ("fct_rejoining_of_upstream_concepts", "contacts"): (
        "an incremental build first looks for the contacts with a changed identifier"
    ),
    ("fct_rejoining_of_upstream_concepts", "orders"): (
        "an incremental build computes the paths of the changed orders alone"
    ),
    ("fct_rejoining_of_upstream_concepts", "int_contact_identifiers"): (
        "each distinct spelling is read once, and the result goes back to every cell with it"
    ),
}


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, Node]:
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["package_name"] == PACKAGE
    }


def check(rule: str, found: Iterable[str]) -> None:
    """Assert that a rule finds its exceptions and nothing else."""
    excused = {name for excused_rule, name in EXCEPTIONS if excused_rule == rule}
    assert sorted(set(found)) == sorted(excused)


def layer(node: Node) -> str:
    return PurePosixPath(node["path"]).parts[0]


def parents(node: Node) -> list[str]:
    """Return the names of a model's parents, sources as `source.<name>`."""
    return [
        f"source.{parent.split('.')[-1]}" if parent.startswith("source.") else parent.split(".")[2]
        for parent in node["depends_on"]["nodes"]
        # The marts depend on it by their hook alone.
        if not parent.endswith(".mart_builds")
    ]


def children(models: dict[str, Node]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, node in models.items():
        for parent in parents(node):
            found[parent].add(name)
    return found


def test_fct_model_naming_conventions(models: dict[str, Node]) -> None:
    # Marts and reports bear the names that users and the exporter know.
    wrong = [
        name
        for name, node in models.items()
        if not name.startswith(PREFIXES.get(layer(node), ""))
        or (layer(node) not in PREFIXES and name.startswith(tuple(PREFIXES.values())))
    ]
    check("fct_model_naming_conventions", wrong)


def test_fct_model_directories(models: dict[str, Node]) -> None:
    layers = {"staging", "intermediate", "marts", "reports"}
    check("fct_model_directories", (n for n, node in models.items() if layer(node) not in layers))
    staging = {node["path"] for node in models.values() if layer(node) == "staging"}
    assert {PurePosixPath(path).parts[1] for path in staging} == {"crm"}


def test_fct_test_directories(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    for node in manifest["nodes"].values():
        tested = (node.get("attached_node") or "").split(".")[-1]
        if node["resource_type"] == "test" and tested in models:
            file = PurePosixPath(node["original_file_path"])
            assert file.parent == PurePosixPath(models[tested]["original_file_path"]).parent


def test_fct_marts_or_intermediate_dependent_on_source(models: dict[str, Node]) -> None:
    found = (
        name
        for name, node in models.items()
        if layer(node) != "staging" and any(p.startswith("source.") for p in parents(node))
    )
    check("fct_marts_or_intermediate_dependent_on_source", found)


def test_fct_direct_join_to_source_and_multiple_sources_joined(models: dict[str, Node]) -> None:
    found = (
        name
        for name, node in models.items()
        if any(p.startswith("source.") for p in parents(node)) and len(parents(node)) > 1
    )
    check("fct_direct_join_to_source", found)


def test_fct_staging_dependent_on_staging_or_later_layers(models: dict[str, Node]) -> None:
    found = (
        name
        for name, node in models.items()
        if layer(node) == "staging" and any(parent in models for parent in parents(node))
    )
    check("fct_staging_dependent_on_staging", found)


def test_fct_source_fanout(models: dict[str, Node]) -> None:
    found = (
        parent
        for parent, names in children(models).items()
        if parent.startswith("source.") and len(names) > 1
    )
    check("fct_source_fanout", found)


def test_fct_duplicate_and_unused_sources(
    manifest: dict[str, Any], models: dict[str, Node]
) -> None:
    sources = [s for s in manifest["sources"].values() if s["source_name"] == "metrica_crm"]
    relations = [source["relation_name"] for source in sources]
    assert len(set(relations)) == len(relations)
    unused = {f"source.{source['name']}" for source in sources} - children(models).keys()
    check("fct_unused_sources", unused)


def test_fct_model_fanout(models: dict[str, Node]) -> None:
    below = children(models)
    found = (
        name
        for name in models
        if len([child for child in below[name] if not below[child]]) > MAX_LEAF_CHILDREN
    )
    check("fct_model_fanout", found)


def test_fct_root_models(models: dict[str, Node]) -> None:
    check("fct_root_models", (name for name, node in models.items() if not parents(node)))


def test_fct_rejoining_of_upstream_concepts(models: dict[str, Node]) -> None:
    # A child of A and B, where B reads A and has no other child.
    below = children(models)
    found = {
        child
        for name, node in models.items()
        for parent in parents(node)
        for child in below[name] & below[parent]
        if below[name] == {child}
    }
    check("fct_rejoining_of_upstream_concepts", found & models.keys())


def test_fct_too_many_joins(models: dict[str, Node]) -> None:
    check(
        "fct_too_many_joins",
        (name for name, node in models.items() if len(parents(node)) >= MAX_JOINS),
    )


def test_fct_chained_views_dependencies(models: dict[str, Node]) -> None:
    def depth(name: str) -> int:
        if name not in models or models[name]["config"]["materialized"] != "view":
            return 0
        return 1 + max(map(depth, parents(models[name])), default=0)

    found = (name for name in models if depth(name) >= MAX_VIEWS_IN_A_CHAIN)
    check("fct_chained_views_dependencies", found)


def test_fct_hard_coded_references(models: dict[str, Node]) -> None:
    def hard_coded(sql: str) -> Iterator[str]:
        text = re.sub(r"\{%.*?%\}|--.*", "", sql, flags=re.DOTALL | re.MULTILINE)
        yield from re.findall(r"(?i)\b(?:from|join)\s+([\w\"]+\.[\w\".]+)", text)

    found = (name for name, node in models.items() if any(hard_coded(node["raw_code"])))
    check("fct_hard_coded_references", found)


def test_fct_missing_primary_key_tests(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    tests: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("test_metadata"):
            model = (node["attached_node"] or "").split(".")[-1]
            tests[model, node["column_name"]].add(node["test_metadata"]["name"])
    found = (
        name
        for name in models
        if not any(
            needed <= names
            for (model, _), names in tests.items()
            for needed in KEY_TESTS
            if model == name
        )
    )
    check("fct_missing_primary_key_tests", found)


def test_fct_undocumented_models_columns_and_sources(
    manifest: dict[str, Any], models: dict[str, Node]
) -> None:
    things = [*models.values(), *manifest["sources"].values()]
    bare = [
        f"{thing['name']}.{column['name']}"
        for thing in things
        for column in thing["columns"].values()
        if not column["description"]
    ]
    bare += [thing["name"] for thing in things if not thing["description"]]
    check("fct_undocumented_models", bare)


def test_fct_public_models_without_contract(models: dict[str, Node]) -> None:
    found = (
        name
        for name, node in models.items()
        if node["config"]["access"] == "public" and not node["config"]["contract"]["enforced"]
    )
    check("fct_public_models_without_contract", found)


def test_fct_exposure_parents(manifest: dict[str, Any]) -> None:
    for exposure in manifest["exposures"].values():
        for parent in exposure["depends_on"]["nodes"]:
            config = manifest["nodes"][parent]["config"]
            assert (config["access"], config["materialized"]) == ("public", "table")
