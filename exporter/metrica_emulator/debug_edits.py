"""Routes for tests: what a person could change in Metrica's interface, and what reports say."""

import json
import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from metrica_emulator import body
from metrica_emulator import linked as links_of
from metrica_emulator import visits as site_visits
from metrica_emulator.debug_routes import read_object
from metrica_emulator.linked import Link
from metrica_emulator.metrica import add_goals, serving
from metrica_emulator.refusal import Refusal, invalid
from metrica_emulator.schema_items import Item, check_status


async def edit_order_status(request: Request) -> Response:
    """POST /debug/order_statuses {"id": …, "type": …} to change these fields, or add a status."""
    metrica = serving(request)
    wanted: Item = await read_object(request)
    if set(wanted) - {"id", "type", "humanized", "goal_action_ids"}:
        raise invalid("Expected id, type, humanized and goal_action_ids.", "order_statuses")

    def save(connection: sqlite3.Connection) -> None:
        query = "select id, type, humanized, goal_action_ids from order_statuses where id = ?"
        row = connection.execute(query, (str(wanted.get("id")),)).fetchone()
        known = dict(row) | {"goal_action_ids": json.loads(row["goal_action_ids"])} if row else {}
        status: Item = {"humanized": None, "goal_action_ids": []} | known | wanted
        check_status(status, "order_statuses", metrica.switches)
        goals = json.dumps(status["goal_action_ids"], ensure_ascii=False)
        connection.execute(
            "insert or replace into order_statuses values (?, ?, ?, ?, 'USER')",
            (status["id"], status["type"], status["humanized"], goals),
        )

    await metrica.ask(save)
    return JSONResponse({"success": True})


async def delete_order_status(request: Request) -> Response:
    """DELETE /debug/order_statuses?id=…, as in the interface."""
    key = request.query_params.get("id")
    deleted = await serving(request).ask(
        lambda connection: (
            connection.execute("delete from order_statuses where id = ?", (key,)).rowcount
        )
    )
    if not deleted:
        raise Refusal(404, "not_found", "There is no such status.", "id")
    return JSONResponse({"success": True})


async def add_javascript_goals(request: Request) -> Response:
    """POST /debug/javascript_goals ["<goal id>", …]: what --goal does at the start."""
    goals = body.parse(await request.body())
    if not isinstance(goals, list) or not all(isinstance(goal, str) and goal for goal in goals):
        raise invalid("Expected a list of goal ids.", "javascript_goals")
    await serving(request).ask(lambda connection: add_goals(connection, goals))
    return JSONResponse({"success": True})


async def replace_visits(request: Request) -> Response:
    """POST /debug/visits [{"visit_id": …}, …]: what --visits does at the start."""
    entries = body.parse(await request.body())
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise invalid("Expected a list of objects.", "visits")
    try:
        visits = site_visits.read(entries)
    except ValueError as error:
        raise invalid(str(error), "visits") from None
    await serving(request).ask(lambda connection: site_visits.save(connection, visits))
    return JSONResponse({"success": True})


async def linked(request: Request) -> Response:
    """GET /debug/linked: how many orders are tied to visits, by type, and what they brought."""
    return JSONResponse({"linked": links_of.counts(await _links(request))})


async def links(request: Request) -> Response:
    """GET /debug/links: the visit of each order, or why it has none."""
    return JSONResponse({"links": [link.as_dict() for link in await _links(request)]})


async def _links(request: Request) -> list[Link]:
    metrica = serving(request)
    return await metrica.ask(
        lambda connection: links_of.links(connection, metrica.clock, metrica.switches)
    )
