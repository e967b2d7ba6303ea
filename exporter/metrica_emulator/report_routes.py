"""The Reports API: sums over visits, among them the orders that are tied to them."""

import sqlite3
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from metrica_emulator import linked, report_query, reports, visits
from metrica_emulator.counter_routes import goal_numbers
from metrica_emulator.metrica import Metrica, serving
from metrica_emulator.refusal import invalid
from metrica_emulator.report_metrics import Metrics
from metrica_emulator.report_query import Query
from metrica_emulator.reports import Site

_MAX_KEYS = 30


async def data(request: Request) -> Response:
    """GET /stat/v1/data."""
    return await _report(request, reports.answer)


async def bytime(request: Request) -> Response:
    """GET /stat/v1/data/bytime, with the groups day, week, month and all."""
    given = request.query_params
    if others := {"limit", "offset", "sort"} & given.keys():
        raise invalid("Reports by time have no such parameter.", min(others))
    group, top_keys = given.get("group", "week"), given.get("top_keys", "7")
    if group not in reports.INTERVALS:
        raise invalid(f"group must be one of {', '.join(reports.INTERVALS)}.", "group")
    if not (top_keys.isascii() and top_keys.isdigit() and 1 <= int(top_keys) <= _MAX_KEYS):
        raise invalid(f"top_keys must be between 1 and {_MAX_KEYS}.", "top_keys")
    return await _report(
        request, lambda query, site: reports.by_time(query, site, group, int(top_keys))
    )


async def _report(request: Request, make: Callable[[Query, Site], dict[str, Any]]) -> Response:
    metrica = serving(request)
    now = metrica.clock.local(metrica.clock.now())
    query = report_query.read(request.query_params, metrica.options.counter, reports.day_of(now))
    site = await metrica.store.run(lambda connection: _site(connection, metrica, query, now))
    return JSONResponse(make(query, site))


def _site(connection: sqlite3.Connection, metrica: Metrica, query: Query, now: str) -> Site:
    switches = metrica.switches
    metrics = Metrics(
        goal_numbers(connection, metrica),
        counts_spam=switches.all_orders_spam == "included",
        converts=switches.report_currency == "converted",
        currency=query.currency,
    )
    return Site(
        [visit for visit in visits.load(connection) if visit.started_at <= now],
        linked.links(connection, metrica.clock, switches.report_delay),
        metrics,
        switches,
    )
