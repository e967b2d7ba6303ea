"""Debug routes, outside Metrica's API: inspection, settings, faults, and edits by a person.

They need the token, except from a program on this machine (`authority.authorise_debug`).
"""

import json
import sqlite3
from dataclasses import asdict
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from metrica_emulator import body
from metrica_emulator import linked as links_of
from metrica_emulator import visits as site_visits
from metrica_emulator.faults import Fault
from metrica_emulator.linked import Link
from metrica_emulator.metrica import add_goals, serving
from metrica_emulator.refusal import Refusal, invalid
from metrica_emulator.schema_items import Item, check_status
from metrica_emulator.store import tables

_SUCCESS = {"success": True}


async def dump(request: Request) -> Response:
    """GET /debug/{table}: the rows of a table of the store."""
    name = request.path_params["table"]

    def read(connection: sqlite3.Connection) -> list[dict[str, object]]:
        if name not in (names := tables(connection)):
            raise Refusal(404, "not_found", f"The tables are {', '.join(names)}.")
        return [dict(row) for row in connection.execute(f"select * from {name} order by rowid")]

    return JSONResponse({name: await serving(request).store.run(read)})


async def switches(request: Request) -> Response:
    """GET /debug/switches, or POST {"name": "value", …} to change some."""
    metrica = serving(request)
    if request.method == "POST":
        try:
            metrica.switches = metrica.switches.with_values(await _object(request))
        except ValueError as error:
            raise invalid(str(error), "switches") from None
    return JSONResponse({"switches": metrica.switches.as_dict()})


async def quotas(request: Request) -> Response:
    """GET /debug/quotas, or POST {"parallel": 1, …} to change some limits."""
    metrica = serving(request)
    if request.method == "POST":
        try:
            limits = metrica.quotas.limits.with_values(await _object(request))
        except ValueError as error:
            raise invalid(str(error), "quotas") from None
        metrica.quotas.limits = limits
    return JSONResponse({"quotas": asdict(metrica.quotas.limits)})


async def now(request: Request) -> Response:
    """GET /debug/now, or POST {"offset_seconds": n} or {"now": "…Z"} to move the clock."""
    clock = serving(request).clock
    if request.method == "POST":
        wanted = await _object(request)
        try:
            if set(wanted) == {"offset_seconds"}:
                clock.offset = timedelta(seconds=float(str(wanted["offset_seconds"])))
            elif set(wanted) == {"now"}:
                clock.set(_with_zone(str(wanted["now"])))
            else:
                raise invalid("Expected either offset_seconds or now.", "now")
        except ValueError:
            raise invalid("Expected seconds, or a moment with its zone.", "now") from None
    return JSONResponse({"now": clock.now().isoformat()})


async def faults(request: Request) -> Response:
    """GET, POST (one or a list, at the end of the queue) or DELETE /debug/faults."""
    queue = serving(request).faults
    if request.method == "DELETE":
        queue.waiting.clear()
    if request.method == "POST":
        content = body.parse(await request.body())
        try:
            entries = content if isinstance(content, list) else [content]
            queue.waiting.extend([Fault.parse(entry) for entry in entries])
        except (TypeError, ValueError) as error:
            raise invalid(str(error), "faults") from None
    return JSONResponse({"faults": [asdict(fault) for fault in queue.waiting]})


async def reset(request: Request) -> Response:
    """POST /debug/reset: the state of the first start. Metrica itself forgets nothing."""
    await serving(request).reset()
    return JSONResponse(_SUCCESS)


async def edit_order_status(request: Request) -> Response:
    """POST /debug/order_statuses {"id": …, "type": …}: an edit or a new status, as by a person."""
    metrica = serving(request)
    wanted: Item = await _object(request)
    if set(wanted) - {"id", "type", "humanized", "goal_action_ids"}:
        raise invalid("Expected id, type, humanized and goal_action_ids.", "order_statuses")

    def save(connection: sqlite3.Connection) -> None:
        query = "select id, type, humanized, goal_action_ids from order_statuses where id = ?"
        row = connection.execute(query, (str(wanted.get("id")),)).fetchone()
        stored = dict(row) | {"goal_action_ids": json.loads(row["goal_action_ids"])} if row else {}
        status: Item = {"humanized": None, "goal_action_ids": []} | stored | wanted
        check_status(status, "order_statuses", metrica.switches)
        goals = json.dumps(status["goal_action_ids"], ensure_ascii=False)
        connection.execute(
            "insert or replace into order_statuses values (?, ?, ?, ?, 'USER')",
            (status["id"], status["type"], status["humanized"], goals),
        )

    await metrica.store.run(save)
    return JSONResponse(_SUCCESS)


async def delete_order_status(request: Request) -> Response:
    """DELETE /debug/order_statuses?id=…, as by a person."""
    key = request.query_params.get("id")
    deleted = await serving(request).store.run(
        lambda connection: (
            connection.execute("delete from order_statuses where id = ?", (key,)).rowcount
        )
    )
    if not deleted:
        raise Refusal(404, "not_found", "There is no such status.", "id")
    return JSONResponse(_SUCCESS)


async def add_javascript_goals(request: Request) -> Response:
    """POST /debug/javascript_goals ["<goal id>", …], like --goal at the start."""
    goals = body.parse(await request.body())
    if not isinstance(goals, list) or not all(isinstance(goal, str) and goal for goal in goals):
        raise invalid("Expected a list of goal ids.", "javascript_goals")
    await serving(request).store.run(lambda connection: add_goals(connection, goals))
    return JSONResponse(_SUCCESS)


async def replace_visits(request: Request) -> Response:
    """POST /debug/visits [{"visit_id": …}, …], like --visits at the start."""
    entries = body.parse(await request.body())
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise invalid("Expected a list of objects.", "visits")
    try:
        visits = site_visits.read(entries)
    except ValueError as error:
        raise invalid(str(error), "visits") from None
    await serving(request).store.run(lambda connection: site_visits.save(connection, visits))
    return JSONResponse(_SUCCESS)


async def linked(request: Request) -> Response:
    """GET /debug/linked: the counts of orders that are tied to visits."""
    return JSONResponse({"linked": links_of.counts(await _links(request))})


async def links(request: Request) -> Response:
    """GET /debug/links: the visit of each order, or the reason why it has none."""
    return JSONResponse({"links": [link.as_dict() for link in await _links(request)]})


async def _links(request: Request) -> list[Link]:
    metrica = serving(request)
    return await metrica.store.run(lambda connection: links_of.links(connection, metrica.clock))


def _with_zone(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


async def _object(request: Request) -> dict[str, object]:
    content = body.parse(await request.body())
    if not isinstance(content, dict):
        raise invalid("Expected a JSON object.", "body")
    return content
