"""Routes for tests, outside Metrica's API: look inside, change settings, ask for faults.

They need the token, except from a program on this machine (`authority.authorise_debug`).
"""

import sqlite3
from dataclasses import asdict
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from metrica_emulator import body
from metrica_emulator.faults import Fault
from metrica_emulator.metrica import serving
from metrica_emulator.refusal import Refusal, invalid

_DUMPS = {
    "contacts": "select * from contacts order by uniq_id",
    "orders": (
        "select *, exists (select 1 from contacts where uniq_id = client_uniq_id)"
        " and waits_for_contact is null as attached from orders order by id"
    ),
    "simple_orders": "select * from simple_orders order by number",
    "javascript_goals": "select * from goals order by id",
    "visits": "select * from visits order by visit_id",
    "goals": "select * from goals_reached order by entity, order_key, goal",
    "order_statuses": "select * from order_statuses order by id",
    "attributes": "select * from attributes order by entity_type, name",
    "products": "select * from products order by name",
    "uploads": "select * from uploads order by number",
    "applied": "select * from applied order by seq",
    "requests": "select * from requests order by seq",
}
"""What can be dumped, by the last part of the path."""


async def dump(request: Request) -> Response:
    """GET /debug/{name}: a table as the store holds it, under its name."""
    metrica = serving(request)
    name = request.path_params["name"]
    if name not in _DUMPS:
        message = f"There is nothing to dump under this name, only {', '.join(_DUMPS)}."
        raise Refusal(404, "not_found", message)

    def read(connection: sqlite3.Connection) -> list[dict[str, object]]:
        return [dict(row) for row in connection.execute(_DUMPS[name])]

    return JSONResponse({name: await metrica.ask(read)})


async def switches(request: Request) -> Response:
    """GET /debug/switches, or POST {"name": "value", …} to change some."""
    metrica = serving(request)
    if request.method == "POST":
        try:
            metrica.switches = metrica.switches.with_values(await read_object(request))
        except ValueError as error:
            raise invalid(str(error), "switches") from None
    return JSONResponse({"switches": metrica.switches.as_dict()})


async def quotas(request: Request) -> Response:
    """GET /debug/quotas, or POST {"parallel": 1, …} to change some limits."""
    metrica = serving(request)
    if request.method == "POST":
        try:
            limits = metrica.quotas.limits.with_values(await read_object(request))
        except ValueError as error:
            raise invalid(str(error), "quotas") from None
        metrica.quotas.limits = limits
    return JSONResponse({"quotas": asdict(metrica.quotas.limits)})


async def now(request: Request) -> Response:
    """GET /debug/now, or POST {"offset_seconds": n} or {"now": "…Z"} to move the clock."""
    clock = serving(request).clock
    if request.method == "POST":
        wanted = await read_object(request)
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
    """POST /debug/reset: as after a first start; Metrica itself can forget nothing."""
    await serving(request).reset()
    return JSONResponse({"success": True})


def _with_zone(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


async def read_object(request: Request) -> dict[str, object]:
    """Read the JSON object in the body; raises Refusal."""
    content = body.parse(await request.body())
    if not isinstance(content, dict):
        raise invalid("Expected a JSON object.", "body")
    return content
