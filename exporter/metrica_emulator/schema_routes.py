"""The `/schema` endpoints: order statuses, attributes, products and types."""

import json
import sqlite3
import uuid
from datetime import UTC

from metrica_export.metrica.formats import ATTRIBUTE_TYPES, DEFAULT_STATUSES, Entity, Kind
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from metrica_emulator import body, schema_items
from metrica_emulator.clock import STORED
from metrica_emulator.entities import ENTITY_TYPES, JSON_KINDS
from metrica_emulator.metrica import serving
from metrica_emulator.refusal import Refusal, invalid
from metrica_emulator.schema_items import Item

_SYSTEM_TYPES = {Kind.MONEY: "numeric", Kind.DATE: "date", Kind.DATETIME: "datetime"} | {
    Kind.EMAILS: "email",
    Kind.PRODUCTS: "product",
}


async def map_order_statuses(request: Request) -> Response:
    """POST /schema/order_statuses."""
    metrica = serving(request)
    content, _ = await body.json_content(request)
    items = schema_items.items_of(content, "order_statuses")
    switches = metrica.switches
    for place, item in enumerate(items):
        schema_items.check_status(item, f"order_statuses[{place}]", switches)

    def save(connection: sqlite3.Connection) -> None:
        if switches.unknown_goal == "fail":
            _check_goals(connection, items)
        if switches.statuses_post == "replace":
            connection.execute("delete from order_statuses where source = 'USER'")
        connection.executemany(
            "insert or replace into order_statuses values (?, ?, ?, ?, 'USER')",
            [
                (
                    item["id"],
                    item["type"],
                    item.get("humanized"),
                    json.dumps(item.get("goal_action_ids") or [], ensure_ascii=False),
                )
                for item in items
            ],
        )

    await metrica.store.run(save)
    return JSONResponse({"success": True})


async def get_order_statuses(request: Request) -> Response:
    """GET /schema/order_statuses."""
    metrica = serving(request)
    rows = await metrica.store.run(
        lambda connection: connection.execute("select * from order_statuses order by id").fetchall()
    )
    source = metrica.switches.status_source_field
    statuses = {row["id"]: _status(row, source) for row in rows}
    if metrica.switches.default_statuses == "listed":
        defaults = {name: _default_status(name, source) for name in DEFAULT_STATUSES}
        statuses = defaults | statuses
    return JSONResponse({"order_statuses": list(statuses.values())})


async def create_attributes(request: Request) -> Response:
    """POST /schema/attributes."""
    metrica = serving(request)
    entity_type = schema_items.read_entity_type(request.query_params.get("entity_type"))
    content, _ = await body.json_content(request)
    items = schema_items.items_of(content, "attributes")
    system = {str(item["name"]) for item in _system_attributes(ENTITY_TYPES[entity_type])}
    for place, item in enumerate(items):
        schema_items.check_attribute(item, f"attributes[{place}]", system)
    rows = [(entity_type, *_attribute_row(item)) for item in items]
    how = "insert or replace" if metrica.switches.attribute_again == "accept" else "insert"

    def save(connection: sqlite3.Connection) -> None:
        try:
            connection.executemany(f"{how} into attributes values (?, ?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError:
            message = "The attribute exists already."
            raise Refusal(409, "conflict", message, "attributes") from None

    await metrica.store.run(save)
    return JSONResponse({"success": True})


async def get_attributes(request: Request) -> Response:
    """GET /schema/attributes."""
    metrica = serving(request)
    entity_type = schema_items.read_entity_type(request.query_params.get("entity_type"))
    rows = await metrica.store.run(
        lambda connection: connection.execute(
            "select name, type_name, type_group, type_humanized, humanized, multivalued"
            " from attributes where entity_type = ? order by name",
            (entity_type,),
        ).fetchall()
    )
    return JSONResponse(
        {
            "system_attributes": _system_attributes(ENTITY_TYPES[entity_type]),
            "custom_attributes": [
                dict(row) | {"multivalued": bool(row["multivalued"])} for row in rows
            ],
        }
    )


async def create_products(request: Request) -> Response:
    """POST /schema/products."""
    metrica = serving(request)
    content, size = await body.json_content(request)
    attributes = schema_items.items_of(content, "attributes")
    for place, attribute in enumerate(attributes):
        schema_items.check_attribute(attribute, f"attributes[{place}]", set())
    items = schema_items.items_of(content, "items", required=False)
    for place, item in enumerate(items):
        schema_items.check_product(item, f"items[{place}]")
    rows = [(item["name"], item.get("humanized"), item.get("type")) for item in items]

    def save(connection: sqlite3.Connection) -> None:
        if metrica.switches.products_post == "replace":
            connection.execute("delete from products")
        connection.executemany("insert or replace into products values (?, ?, ?)", rows)
        connection.executemany(
            "insert or replace into attributes values ('PRODUCT', ?, ?, ?, ?, ?, ?)",
            [_attribute_row(attribute) for attribute in attributes],
        )
        if metrica.switches.products_in_list == "on":
            now = metrica.clock.now().astimezone(UTC).strftime(STORED)
            connection.execute(
                "insert into uploads (uploading_id, uploaded_at_utc, entity, status,"
                " elements_count, entity_type, uploading_format, errors, warnings, bytes,"
                " hidden_polls) values (?, ?, 'products', 'PASSED', ?, 'SYSTEM_LIST', 'JSON',"
                " '[]', '{}', ?, 0)",
                (str(uuid.uuid4()), now, len(items), size),
            )

    await metrica.store.run(save)
    return JSONResponse({"success": True})


async def get_types(_: Request) -> Response:
    """GET /schema/types."""
    return JSONResponse({"types": [*_predefined_types(), _type("product", "SYSTEM_LIST")]})


async def get_predefined_types(_: Request) -> Response:
    """GET /schema/predefined_types."""
    return JSONResponse({"types": _predefined_types()})


def _status(row: sqlite3.Row, source: str) -> Item:
    status = {
        "id": row["id"],
        "type": row["type"],
        "humanized": row["humanized"],
        "goal_action_ids": json.loads(row["goal_action_ids"]),
    }
    return status if source == "none" else status | {source: row["source"]}


def _default_status(name: str, source: str) -> Item:
    status: Item = {"id": name, "type": name, "humanized": None, "goal_action_ids": []}
    return status if source == "none" else status | {source: "AUTO"}


def _check_goals(connection: sqlite3.Connection, items: list[Item]) -> None:
    known = {row[0] for row in connection.execute("select goal_action_id from goals")}
    for place, item in enumerate(items):
        if not known.issuperset(item.get("goal_action_ids") or ()):
            raise invalid("There is no such goal.", f"order_statuses[{place}].goal_action_ids")


def _predefined_types() -> list[Item]:
    return [_type(name, "PREDEFINED") for name in ATTRIBUTE_TYPES]


def _type(name: str, group: str) -> Item:
    return {"name": name, "group": group, "humanized": name.capitalize()}


def _system_attributes(entity: Entity | None) -> list[Item]:
    if entity is None:
        return []
    return [
        {
            "name": column.name,
            "type_name": _SYSTEM_TYPES.get(column.kind, "text"),
            "type_group": "SYSTEM_LIST" if column.kind is Kind.PRODUCTS else "PREDEFINED",
            "multivalued": column.kind in JSON_KINDS,
        }
        for column in entity.columns
    ]


def _attribute_row(item: Item) -> tuple[object, ...]:
    type_name = item.get("type_name", "text")
    by_type = "SYSTEM_LIST" if type_name == "product" else "PREDEFINED"
    return (
        item["name"],
        type_name,
        str(item.get("type_group") or by_type).upper(),
        item.get("type_humanized"),
        item.get("humanized"),
        item["multivalued"],
    )
