"""The marts that dbt built, read from its manifest: relations, columns, custom attributes."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from metrica_export.errors import SettingsError
from metrica_export.metrica.formats import (
    CONTACTS,
    ENTITIES,
    MODES,
    ORDERS,
    Attribute,
    Column,
    Entity,
    Kind,
)
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.dbt_attributes import (
    KIND_OF_TYPE,
    column_meta,
    read_attribute,
    read_choice,
)
from metrica_export.warehouse.dbt_models import metrica_meta, metrica_models
from metrica_export.warehouse.dbt_profile import Duckdb, Warehouse, read_project

OWN_COLUMNS = ("updated_at", "row_hash")
"""Columns of every mart for the exporter only. They are never sent."""

STATUS_PATH = "status_path"
"""A column of orders for the exporter only: all statuses of an order, in their order."""

_MARTS_SCHEMA, _LEDGER_SCHEMA = "metrica", "metrica_export"


@dataclass(frozen=True, slots=True)
class Mart:
    """One mart: its entity, its relation, and the exported columns in the mart's order.

    With `has_path` it has the column `status_path`. `builds` is the schema and the name of the
    table in which dbt records the mart's builds. `condition` is the counter's filter, if any.
    """

    entity: Entity
    schema: str
    table: str
    columns: tuple[Column, ...]
    attributes: tuple[Attribute, ...]
    time_zone: str | None
    has_path: bool = False
    builds: tuple[str, str] = ("metrica_work", "mart_builds")
    condition: str | None = None

    @property
    def has_times(self) -> bool:
        """Whether a column has times in the counter's zone."""
        return any(column.kind is Kind.DATETIME for column in self.columns)

    def has(self, column: str) -> bool:
        """Return whether the mart exports the named column."""
        return any(each.name == column for each in self.columns)

    @property
    def name(self) -> str:
        """The entity's name, which is also the mart's name for users."""
        return self.entity.name


@dataclass(frozen=True, slots=True)
class Marts:
    """All marts of the project, in the order of work; `left_out` is a schema and a table."""

    all: tuple[Mart, ...]
    left_out: tuple[str, str] | None = None

    def get(self, name: str) -> Mart:
        """Return the mart of an entity; SettingsError if the project declares none."""
        for mart in self.all:
            if mart.name == name:
                return mart
        raise SettingsError(
            f"dbt's manifest declares no mart for {name}. Add "
            f"`meta: {{metrica: {{entity: {name}}}}}` to its model"
            + (", or set dbt's var `simple_orders: true`" if name == "simple_orders" else "")
            + ", and run `dbt build`."
        )

    @property
    def ledger_schema(self) -> str:
        """The schema of the ledger: the prefix of the marts' schema, and `metrica_export`."""
        schema = self.all[0].schema
        if schema.endswith(_MARTS_SCHEMA):
            return schema.removesuffix(_MARTS_SCHEMA) + _LEDGER_SCHEMA
        return _LEDGER_SCHEMA

    @property
    def relations(self) -> list[tuple[str, str]]:
        """The schemas and names of the tables that the exporter reads."""
        found = [(mart.schema, mart.table) for mart in self.all]
        found += [mart.builds for mart in self.all]
        return list(dict.fromkeys([*found, *([self.left_out] if self.left_out else [])]))

    @property
    def time_zone(self) -> str | None:
        """The counter's zone in dbt's manifest, which the marts' times have."""
        return next((mart.time_zone for mart in self.all if mart.time_zone), None)


def read_marts(dbt: DbtSettings, warehouse: Warehouse) -> Marts:
    """Return the marts that dbt's manifest declares for this warehouse.

    Raises SettingsError if there is no manifest, if it was made for another target, or if a mart
    lacks a column that Metrica requires.
    """
    path = _manifest_path(dbt)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        nodes = dict(manifest["nodes"].items())
        adapter = manifest["metadata"].get("adapter_type")
    except FileNotFoundError:
        raise SettingsError(
            f"No manifest at {path}. Run `dbt build --project-dir {dbt.project_dir}`."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SettingsError(f"{path} is not dbt's manifest. Run `dbt build` again.") from None
    if adapter != warehouse.kind:
        raise SettingsError(
            f"{path} was made for {adapter}, but the target is {warehouse.kind}. "
            f"Run `dbt build --target {warehouse.target}`."
        )
    found: dict[str, Mart] = {}
    roles: dict[str, tuple[str, str]] = {}
    for node in metrica_models(path, nodes):
        meta = metrica_meta(node)
        roles[str(meta.get("role"))] = (node["schema"], node.get("alias") or node["name"])
        if "entity" not in meta:
            continue
        built_for = meta.get("dbt_target")
        if built_for not in (None, warehouse.target):
            raise SettingsError(
                f"{path} was made for target {built_for!r}, not {warehouse.target!r}. "
                f"Run `dbt build --target {warehouse.target}`."
            )
        mart = _mart(node, meta)
        if mart.name in found:
            raise SettingsError(
                f"Two models of the project declare the mart {mart.name}. Keep `entity` in one."
            )
        found[mart.name] = mart
    missing = [entity.name for entity in MODES["detailed"] if entity.name not in found]
    if missing and not any(entity.name in found for entity in MODES["simple"]):
        raise SettingsError(
            f"{path} declares no mart for {', '.join(missing)}. "
            "Add `meta: {metrica: {entity: …}}` to the model and run `dbt build`."
        )
    if "mart_builds" in roles:
        found = {n: replace(mart, builds=roles["mart_builds"]) for n, mart in found.items()}
    in_order = tuple(found[e.name] for e in ENTITIES if e.name in found)
    marts = _filtered(Marts(in_order, roles.get("left_out")), dict(dbt.filters))
    check_file_name(marts, warehouse)
    return marts


def _filtered(marts: Marts, filters: dict[str, str]) -> Marts:
    for name in filters:
        marts.get(name)
    return replace(
        marts,
        all=tuple(replace(mart, condition=filters.get(mart.name)) for mart in marts.all),
    )


def check_file_name(marts: Marts, warehouse: Warehouse) -> None:
    """Raise SettingsError for a DuckDB file with the name of a schema."""
    # DuckDB uses the file's name as the catalog's, and confuses it with an equal schema's name.
    schemas = {mart.schema.casefold() for mart in marts.all} | {marts.ledger_schema.casefold()}
    if isinstance(warehouse, Duckdb) and warehouse.path.stem.casefold() in schemas:
        raise SettingsError(
            f"{warehouse.path} has the name of a schema in it, and DuckDB would confuse the two. "
            "Rename the file."
        )


def _manifest_path(dbt: DbtSettings) -> Path:
    project = read_project(dbt.project_dir)
    folder = os.environ.get("DBT_TARGET_PATH") or str(project.get("target-path") or "target")
    return dbt.project_dir / folder / "manifest.json"


def _mart(node: dict[str, Any], meta: dict[str, Any]) -> Mart:
    entity = next((e for e in ENTITIES if e.name == meta["entity"]), None)
    label = f"Model {node.get('name')}"
    if entity is None:
        names = ", ".join(each.name for each in ENTITIES)
        raise SettingsError(
            f"{label}: {meta['entity']!r} is not an entity of Metrica. Choose from {names}."
        )
    columns: list[Column] = []
    attributes: list[Attribute] = []
    for name, entry in node["columns"].items():
        if name in OWN_COLUMNS or (entity is ORDERS and name == STATUS_PATH):
            continue
        meta_of_column = column_meta(label, name, entry)
        if not read_choice(label, name, meta_of_column, "send", default=True):
            continue
        column = entity.column(name)
        if column is None and entity not in (CONTACTS, ORDERS):
            raise SettingsError(
                f"{label}: Metrica accepts no custom attributes of {entity.name}. Remove {name}."
            )
        if column is None:
            attribute = read_attribute(label, name, meta_of_column)
            attributes.append(attribute)
            kind = KIND_OF_TYPE[attribute.type_name]
            column = Column(name, Kind.TEXT if attribute.multivalued else kind)
        columns.append(column)
    needed = [c.name for c in entity.columns if c.required] + list(OWN_COLUMNS)
    sent = {column.name for column in columns} | {*OWN_COLUMNS}
    if unsent := [
        name for name in (*needed, "order_status") if name in node["columns"] and name not in sent
    ]:
        raise SettingsError(
            f"{label}: {', '.join(unsent)} has `send: false`, but no row can be sent without it. "
            "Remove `send: false`, or the rows from the mart."
        )
    absent = [name for name in needed if name not in node["columns"]]
    if absent:
        raise SettingsError(
            f"{label} declares no column {', '.join(absent)}, which the export needs. "
            "Add it to the model and its YAML, and run `dbt build --full-refresh`."
        )
    return Mart(
        entity=entity,
        schema=node["schema"],
        table=node.get("alias") or node["name"],
        columns=tuple(columns),
        attributes=tuple(attributes),
        time_zone=meta.get("counter_time_zone"),
        has_path=entity is ORDERS and STATUS_PATH in node["columns"],
    )
