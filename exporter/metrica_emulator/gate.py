"""The gate that every request passes: log, faults, quotas and authorization."""

import asyncio
import time
from email.utils import format_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metrica_emulator.authority import authorise, authorise_debug
from metrica_emulator.exchange import Exchange
from metrica_emulator.faults import AFTER, Fault
from metrica_emulator.metrica import Metrica
from metrica_emulator.refusal import Refusal

_PAGE = "<html><body><h1>A proxy's page instead of JSON</h1></body></html>"


class Gate:
    """ASGI application around the emulator's routes."""

    def __init__(self, app: ASGIApp, metrica: Metrica) -> None:
        self._app = app
        self._metrica = metrica

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. The header Date of its answer is the emulator's clock."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._metrica.clock.now(), usegmt=True)
                MutableHeaders(scope=message)["Date"] = date
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, dated)
            return
        if scope["path"].startswith("/debug/"):
            await self._debug(scope, receive, dated)
            return
        fault = self._metrica.faults.take(scope["method"], scope["path"])
        exchange = Exchange(self._metrica, scope, receive, dated, fault)
        try:
            await self._serve(exchange, fault)
        finally:
            exchange.end()

    async def _debug(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a debug route: without faults, quotas and log."""
        try:
            authorise_debug(Headers(scope=scope), scope["client"][0], self._metrica.options)
        except Refusal as refusal:
            await JSONResponse(refusal.body(), refusal.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _serve(self, exchange: Exchange, fault: Fault | None) -> None:
        if fault and fault.kind == "drop_before":
            await exchange.cut()
            return
        try:
            if fault and fault.kind == "status":
                raise fault.refusal()
            self._admit(exchange)
        except Refusal as refusal:
            response = JSONResponse(
                refusal.body(), refusal.status, fault.headers() if fault else None
            )
            await response(exchange.scope, exchange.receive, exchange.send)
            return
        if fault and fault.kind == "slow" and await self._stops_within(float(fault.argument)):
            await exchange.cut()
            return
        if fault and fault.kind in AFTER:
            await self._spoil(exchange, fault)
        else:
            await self._app(exchange.scope, exchange.receive, exchange.send)

    def _admit(self, exchange: Exchange) -> None:
        scope, metrica = exchange.scope, self._metrica
        status = metrica.switches.quota_status
        metrica.quotas.count_address(scope["client"][0], time.monotonic(), status)
        authorise(Headers(scope=scope), scope["method"], scope["path"], metrica)
        if scope["path"].startswith("/stat/"):
            metrica.quotas.count_report(
                metrica.clock.now().timestamp(), status, metrica.switches.report_quota_error
            )
            exchange.begin("report_read")
        else:
            exchange.begin("client_read" if scope["method"] == "GET" else "client_write")

    async def _stops_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._metrica.stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _spoil(self, exchange: Exchange, fault: Fault) -> None:
        """Handle the request, then send another answer than the right one."""
        answer = bytearray()

        async def keep(message: Message) -> None:
            answer.extend(message.get("body", b""))

        await self._app(exchange.scope, exchange.receive, keep)
        if fault.kind == "drop_after":
            await exchange.cut()
            return
        response: Response
        if fault.kind == "timeout_after":
            refusal = Refusal(504, "timeout", "The answer took too long.")
            response = JSONResponse(refusal.body(), 504, headers=fault.headers())
        elif fault.kind == "non_json":
            response = HTMLResponse(_PAGE)
        else:
            response = Response(bytes(answer), media_type="application/json")
        if fault.kind == "slow_after":
            await self._stops_within(float(fault.argument))
        if fault.kind == "truncated":
            await self._send_half(exchange, response)
        else:
            await response(exchange.scope, exchange.receive, exchange.send)

    async def _send_half(self, exchange: Exchange, response: Response) -> None:
        await exchange.send(
            {"type": "http.response.start", "status": 200, "headers": response.raw_headers}
        )
        half = bytes(response.body)[: len(response.body) // 2]
        await exchange.send({"type": "http.response.body", "body": half, "more_body": True})
        await exchange.cut()
