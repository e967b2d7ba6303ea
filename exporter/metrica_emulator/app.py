"""The emulator's routes."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from metrica_emulator import counter_routes as counter
from metrica_emulator import debug_routes as debug
from metrica_emulator import report_routes as reports
from metrica_emulator import schema_routes as schema
from metrica_emulator import upload_routes as uploads
from metrica_emulator.gate import Gate
from metrica_emulator.metrica import Metrica
from metrica_emulator.refusal import Refusal, bad_file

_CRM = "/cdp/api/v1/counter/{counter:int}"
_MANAGEMENT = "/management/v1/counter/{counter:int}"
_CLIENT_CLOSED_REQUEST = 499


def build(metrica: Metrica) -> ASGIApp:
    """Return the ASGI application of a service."""
    app = Starlette(
        routes=[
            *_route(f"{_CRM}/data/contacts/csv", POST=uploads.contacts_csv),
            *_route(f"{_CRM}/data/contacts/json", POST=uploads.contacts_json),
            *_route(f"{_CRM}/data/orders/csv", POST=uploads.orders_csv),
            *_route(f"{_CRM}/data/orders/json", POST=uploads.orders_json),
            *_route(f"{_CRM}/data/simple_orders", POST=uploads.simple_orders),
            *_route(f"{_CRM}/last_uploadings", GET=uploads.last_uploadings),
            *_route(
                f"{_CRM}/schema/order_statuses",
                GET=schema.get_order_statuses,
                POST=schema.map_order_statuses,
            ),
            *_route(
                f"{_CRM}/schema/attributes",
                GET=schema.get_attributes,
                POST=schema.create_attributes,
            ),
            *_route(f"{_CRM}/schema/products", POST=schema.create_products),
            *_route(f"{_CRM}/schema/types", GET=schema.get_types),
            *_route(f"{_CRM}/schema/predefined_types", GET=schema.get_predefined_types),
            *_route(_MANAGEMENT, GET=counter.get_counter),
            *_route(f"{_MANAGEMENT}/goals", GET=counter.get_goals, POST=counter.create_goal),
            *_route("/stat/v1/data", GET=reports.data),
            *_route("/stat/v1/data/bytime", GET=reports.bytime),
            *_route("/debug/switches", GET=debug.switches, POST=debug.switches),
            *_route("/debug/quotas", GET=debug.quotas, POST=debug.quotas),
            *_route("/debug/now", GET=debug.now, POST=debug.now),
            *_route("/debug/faults", GET=debug.faults, POST=debug.faults, DELETE=debug.faults),
            *_route("/debug/reset", POST=debug.reset),
            *_route(
                "/debug/order_statuses",
                POST=debug.edit_order_status,
                DELETE=debug.delete_order_status,
            ),
            *_route("/debug/javascript_goals", POST=debug.add_javascript_goals),
            *_route("/debug/visits", POST=debug.replace_visits),
            *_route("/debug/linked", GET=debug.linked),
            *_route("/debug/links", GET=debug.links),
            *_route("/debug/{table}", GET=debug.dump),
        ],
        exception_handlers={
            Refusal: _refused,
            HTTPException: _http_error,
            ClientDisconnect: _gone,
        },
    )
    app.state.metrica = metrica
    return Gate(app, metrica)


def _route(path: str, **methods: Callable[[Request], Awaitable[Response]]) -> list[Route]:
    return [Route(path, endpoint, methods=[method]) for method, endpoint in methods.items()]


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return JSONResponse(error.body(), error.status)


async def _http_error(_: Request, error: Exception) -> Response:
    """Answer the framework's own errors with Metrica's error body."""
    if not isinstance(error, HTTPException):
        raise error
    known = {
        400: bad_file("The multipart body is broken."),
        404: Refusal(404, "not_found", "There is no such method."),
        405: Refusal(405, "not_found", "The method exists, but not with this HTTP verb."),
    }
    refusal = known[error.status_code]
    return JSONResponse(refusal.body(), refusal.status)


async def _gone(_: Request, __: Exception) -> Response:
    """End a request whose client closed the connection while it was sending."""
    return Response(status_code=_CLIENT_CLOSED_REQUEST)
