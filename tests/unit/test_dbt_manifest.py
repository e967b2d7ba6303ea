"""The marts come from dbt's manifest, and a manifest that will not do is told as such."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from metrica_export.errors import SettingsError
from metrica_export.metrica.formats import CONTACTS, Attribute, Column, Kind
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.dbt_manifest import Marts, read_marts
from metrica_export.warehouse.dbt_profile import Duckdb, Postgres, Warehouse

from tests.support.marts_fixture import COLUMNS, make_marts

Node = dict[str, Any]
Change = Callable[[dict[str, Node]], object]


class Project:
    """A project with a manifest that can be changed."""

    def __init__(self, folder: Path) -> None:
        made = make_marts(folder, None)
        self.dbt = DbtSettings(made.folder, made.folder)
        self.warehouse: Warehouse = Duckdb("duckdb", made.folder / "warehouse.duckdb")
        self.path = made.folder / "target" / "manifest.json"

    def read(self) -> Marts:
        return read_marts(self.dbt, self.warehouse)

    def change(self, change: Change) -> None:
        """Change the nodes, by the name of their mart."""
        manifest = json.loads(self.path.read_text())
        nodes = {node["name"]: node for node in manifest["nodes"].values()}
        change(nodes)
        manifest["nodes"] = {f"model.crm.{name}": node for name, node in nodes.items()}
        self.path.write_text(json.dumps(manifest))

    def message(self) -> str:
        """Return the message of a manifest that must be refused."""
        with pytest.raises(SettingsError) as caught:
            self.read()
        assert caught.value.exit_code == 2
        return str(caught.value)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def meta(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = node["config"]["meta"]["metrica"]
    return found


def attribute(**entry: object) -> Node:
    return {"config": {"meta": {"metrica": entry}}}


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (
            {"type": "numeric", "send": "false"},
            "`send` of size is 'false'. Set it to true or false",
        ),
        ({"type": "numeric", "send": 0}, "`send` of size is 0. Set it to true or false"),
        ({"type": "text", "multivalued": "no"}, "`multivalued` of size is 'no'. Set it to true or"),
    ],
)
def test_dbt_manifest_choice_that_is_no_yes_or_no_is_an_error(
    project: Project, entry: dict[str, Any], complaint: str
) -> None:
    project.change(lambda nodes: nodes["orders"]["columns"].update(size=attribute(**entry)))
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        project.read()


@pytest.mark.parametrize(
    ("meta", "complaint"),
    [
        ({"send": False}, "`meta` of size is not read. Write it as `meta: {metrica: {…}}`"),
        ({"metrica": "send: false"}, "`meta` of size is not read"),
        (
            {"metrica": {"type": "text", "sent": False}},
            "of size has the unknown key sent.",
        ),
    ],
)
def test_dbt_manifest_meta_that_nobody_reads_is_an_error(
    project: Project, meta: dict[str, Any], complaint: str
) -> None:
    entry = {"config": {"meta": meta}}
    project.change(lambda nodes: nodes["orders"]["columns"].update(size=entry))
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        project.read()


@pytest.mark.parametrize("column", ["id", "create_date_time", "order_status"])
def test_dbt_manifest_needed_column_that_is_not_sent_is_an_error(
    project: Project, column: str
) -> None:
    project.change(lambda nodes: nodes["orders"]["columns"].update({column: attribute(send=False)}))
    with pytest.raises(SettingsError, match=f"{column} has `send: false`, but no row"):
        project.read()


def test_marts_come_in_the_order_of_work_with_their_relations(project: Project) -> None:
    project.change(lambda nodes: nodes["orders"].update(schema="other", alias="sold"))
    marts = project.read()
    assert [mart.name for mart in marts.all] == [
        *("order_statuses", "products", "contacts", "orders", "simple_orders")
    ]
    assert (marts.get("contacts").schema, marts.get("contacts").table) == ("metrica", "contacts")
    assert (marts.get("orders").schema, marts.get("orders").table) == ("other", "sold")
    assert marts.time_zone == "Europe/Moscow"


def test_columns_keep_their_order_without_the_exporters_own(project: Project) -> None:
    marts = project.read().all
    assert {mart.name for mart in marts} == COLUMNS.keys()
    for mart in marts:
        assert [column.name for column in mart.columns] == list(COLUMNS[mart.name])


def test_metricas_own_columns_keep_their_kinds(project: Project) -> None:
    columns = {column.name: column for column in project.read().get("contacts").columns}
    assert columns["emails"] == CONTACTS.column("emails")
    assert columns["identifiers_count"] == Column("identifiers_count", Kind.NUMBER)


@pytest.mark.parametrize(
    ("entry", "kind", "expected"),
    [
        ({"type": "numeric"}, Kind.NUMBER, ("numeric", "size", False)),
        ({"type": "date", "humanized": "Размер"}, Kind.DATE, ("date", "Размер", False)),
        ({"type": "datetime"}, Kind.DATETIME, ("datetime", "size", False)),
        ({"type": "email"}, Kind.EMAILS, ("email", "size", False)),
        ({"type": "text", "multivalued": True}, Kind.TEXT, ("text", "size", True)),
    ],
)
def test_dbt_manifest_custom_attribute_is_what_its_yaml_entry_says(
    project: Project, entry: dict[str, Any], kind: Kind, expected: tuple[str, str, bool]
) -> None:
    type_name, humanized, multivalued = expected
    project.change(lambda nodes: nodes["orders"]["columns"].update(size=attribute(**entry)))
    orders = project.read().get("orders")
    assert orders.columns[-1] == Column("size", kind)
    made = Attribute("size", type_name, humanized, multivalued=multivalued)
    assert orders.attributes[-1] == made


@pytest.mark.parametrize("send", [True, False])
def test_dbt_manifest_column_that_is_not_sent_is_no_attribute(
    project: Project, send: object
) -> None:
    entry = attribute(type="numeric", send=send)
    project.change(lambda nodes: nodes["orders"]["columns"].update(size=entry))
    assert project.read().get("orders").has("size") is send


def test_meta_at_the_top_of_a_column_counts_too(project: Project) -> None:
    entry = {"meta": {"metrica": {"type": "numeric"}}}
    project.change(lambda nodes: nodes["orders"]["columns"].update(size=entry))
    assert project.read().get("orders").attributes[-1].name == "size"


@pytest.mark.parametrize("entry", [{}, {"type": None}, {"type": "number"}, {"humanized": "x"}])
def test_dbt_manifest_custom_attribute_without_a_type_is_told_with_the_types_there_are(
    project: Project, entry: dict[str, Any]
) -> None:
    project.change(lambda nodes: nodes["contacts"]["columns"].update(city=attribute(**entry)))
    told = project.message()
    assert "Model contacts: city" in told
    assert "numeric|date|datetime|email|text" in told


def test_dbt_manifest_misspelt_column_is_taken_for_an_attribute_and_told(project: Project) -> None:
    project.change(lambda nodes: nodes["contacts"]["columns"].update(e_mails={}))
    assert "e_mails is not a column of Metrica" in project.message()


@pytest.mark.parametrize("name", ["my city", "город", "a" * 256, 'a"b', "a,b"])
def test_dbt_manifest_name_that_metrica_does_not_take_is_told(project: Project, name: str) -> None:
    entry = attribute(type="text")
    project.change(lambda nodes: nodes["contacts"]["columns"].update({name: entry}))
    assert "A-Z a-z 0-9 _ : -" in project.message()


@pytest.mark.parametrize(
    ("mart", "column"),
    [
        ("order_statuses", "type"),
        ("products", "name"),
        ("contacts", "uniq_id"),
        ("contacts", "row_hash"),
        ("contacts", "updated_at"),
        ("orders", "client_type"),
        ("orders", "order_status"),
        ("orders", "create_date_time"),
    ],
)
def test_dbt_manifest_column_that_the_export_needs_is_missed_by_name(
    project: Project, mart: str, column: str
) -> None:
    project.change(lambda nodes: nodes[mart]["columns"].pop(column))
    told = project.message()
    assert f"Model {mart} declares no column {column}," in told
    assert "dbt build" in told


def test_dbt_manifest_column_that_metrica_does_not_need_may_be_missing(project: Project) -> None:
    project.change(lambda nodes: nodes["orders"]["columns"].pop("revenue"))
    assert "revenue" not in [column.name for column in project.read().get("orders").columns]


def test_dbt_manifest_missing_mart_is_told_with_how_a_model_becomes_one(project: Project) -> None:
    project.change(
        lambda nodes: [nodes.pop(name) for name in ("orders", "products", "simple_orders")]
    )
    told = project.message()
    assert "no mart for products, orders" in told
    assert "meta: {metrica: {entity:" in told


def test_two_models_cannot_be_one_mart(project: Project) -> None:
    project.change(lambda nodes: nodes.update(copy=nodes["orders"] | {"name": "copy"}))
    assert "Two models of the project declare the mart orders" in project.message()


def test_dbt_manifest_entity_that_metrica_does_not_have_is_told(project: Project) -> None:
    project.change(lambda nodes: meta(nodes["orders"]).update(entity="companies"))
    assert "Model orders: 'companies' is not an entity" in project.message()


def test_other_nodes_are_left_alone(project: Project) -> None:
    def add(nodes: dict[str, Node]) -> None:
        bare = {"schema": "metrica", "columns": {}}
        nodes["stage"] = bare | {"name": "stage", "resource_type": "model", "config": {"meta": {}}}
        nodes["test"] = nodes["orders"] | {"name": "test", "resource_type": "test"}
        nodes["seed"] = {"name": "seed", "resource_type": "seed", "config": None}
        nodes["note"] = bare | {"name": "note", "resource_type": "model", "meta": {"metrica": "x"}}

    before = project.read()
    project.change(add)
    assert project.read() == before


def test_manifest_of_the_other_engine_is_told(project: Project) -> None:
    project.warehouse = Postgres("prod", "db", 5432, "me", "crm", "secret")
    told = project.message()
    assert "made for duckdb, but the target is postgres" in told
    assert "dbt build --target prod" in told


def test_manifest_of_another_target_is_told(project: Project) -> None:
    project.warehouse = Duckdb("staging", project.dbt.project_dir / "warehouse.duckdb")
    told = project.message()
    assert "made for target 'duckdb', not 'staging'" in told
    assert "dbt build --target staging" in told


def test_no_manifest_means_dbt_has_not_run(project: Project) -> None:
    project.path.unlink()
    told = project.message()
    assert str(project.path) in told
    assert "dbt build" in told


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "5", "null", '{"nodes": {}}', '{"nodes": [], "metadata": {}}'],
)
def test_manifest_that_is_none_is_told(project: Project, content: str) -> None:
    project.path.write_text(content)
    told = project.message()
    assert "is not dbt's manifest" in told
    assert "dbt build" in told


@pytest.mark.parametrize("content", ["[" * 100_000, '{"nodes": ' * 100_000])
def test_manifest_that_is_nested_too_deeply_is_none(project: Project, content: str) -> None:
    project.path.write_text(content)
    assert "is not dbt's manifest" in project.message()


def with_field(field: str, value: object) -> Change:
    return lambda nodes: nodes["orders"].update({field: value})


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda nodes: nodes.update(odd=None), "nodes.model.crm.odd "),
        (lambda nodes: nodes.update(odd=[1]), "nodes.model.crm.odd "),
        *(
            (with_field(field, value), f"orders.{field} ")
            for field, value in (
                ("schema", None),
                ("schema", 5),
                ("schema", ["metrica"]),
                ("schema", "a\0b"),
                ("schema", "\ud800"),
                ("alias", ["orders"]),
                ("columns", []),
                ("columns", "id"),
            )
        ),
        (lambda nodes: nodes["orders"]["columns"].update(id=5), "orders.columns.id "),
        (lambda nodes: nodes["orders"]["columns"].update({"a\0": {}}), "orders.columns.a"),
        (
            lambda nodes: meta(nodes["orders"]).update(counter_time_zone=["UTC"]),
            "orders.config.meta.metrica.counter_time_zone ",
        ),
    ],
)
def test_dbt_manifest_node_of_an_odd_shape_is_named_by_its_key(
    project: Project, change: Change, key: str
) -> None:
    manifest = json.loads(project.path.read_text())
    nodes = {node["name"]: node for node in manifest["nodes"].values()}
    change(nodes)
    manifest["nodes"] = {f"model.crm.{name}": node for name, node in nodes.items()}
    project.path.write_text(json.dumps(manifest))
    told = project.message()
    assert str(project.path) in told
    assert key in told
    assert "dbt build" in told


def test_dbt_manifest_model_without_a_name_is_named_by_its_key(project: Project) -> None:
    manifest = json.loads(project.path.read_text())
    del manifest["nodes"]["model.crm.orders"]["name"]
    project.path.write_text(json.dumps(manifest))
    assert "nodes.model.crm.orders.name is not a name" in project.message()


@pytest.mark.parametrize("odd", [None, [], "text", 5, {"metrica": []}, {"metrica": None}])
def test_meta_of_an_odd_shape_makes_no_model_a_mart(project: Project, odd: object) -> None:
    project.change(lambda nodes: nodes["simple_orders"]["config"].update(meta=odd))
    project.change(lambda nodes: nodes["simple_orders"].update(meta=odd))
    project.change(lambda nodes: nodes["orders"]["columns"].update(client_type=None))
    assert [mart.name for mart in project.read().all][-1] == "orders"


def test_manifest_that_is_no_text_is_told(project: Project) -> None:
    project.path.write_bytes(b"\xff\xfe\x00")
    assert "is not dbt's manifest" in project.message()


def test_dbt_manifest_target_folder_is_dbts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = project.dbt.project_dir / "built"
    project.path.parent.rename(own)
    (project.dbt.project_dir / "dbt_project.yml").write_text("name: crm\ntarget-path: built\n")
    assert project.read().get("orders").table == "orders"
    monkeypatch.setenv("DBT_TARGET_PATH", str(own))
    (project.dbt.project_dir / "dbt_project.yml").write_text("name: crm\n")
    assert project.read().get("orders").table == "orders"


@pytest.mark.parametrize("name", ["metrica", "metrica_export"])
def test_dbt_manifest_duckdb_file_named_like_a_schema_in_it_is_told(
    project: Project, name: str
) -> None:
    project.warehouse = Duckdb("duckdb", project.dbt.project_dir / f"{name}.duckdb")
    assert "Rename the file" in project.message()
