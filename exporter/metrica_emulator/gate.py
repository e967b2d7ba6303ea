"""What every request passes: the log, faults, quotas and authorization."""

import asyncio
import time
from email.utils import format_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metrica_emulator.authority import authorise, authorise_debug
from metrica_emulator.connections import cut
from metrica_emulator.faults import AFTER, Fault
from metrica_emulator.metrica import Metrica
from metrica_emulator.refusal import Refusal
from metrica_emulator.visit import Visit

_PAGE = "<html><body><h1>A proxy's page, where JSON was expected</h1></body></html>"


class Gate:
    """ASGI application around the emulator's own routes."""

    def __init__(self, app: ASGIApp, metrica: Metrica) -> None:
        self._app = app
        self._metrica = metrica

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; every answer is dated by the emulator's clock."""

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
        visit = Visit(self._metrica, scope, receive, dated, fault)
        try:
            await self._serve(visit, fault)
        finally:
            visit.leave()

    async def _debug(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a debug route: without faults and quotas, and logged nowhere."""
        try:
            authorise_debug(Headers(scope=scope), scope["client"][0], self._metrica.options)
        except Refusal as refusal:
            await JSONResponse(refusal.body(), refusal.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _serve(self, visit: Visit, fault: Fault | None) -> None:
        if fault and fault.kind == "drop_before":
            await self._cut(visit)
            return
        try:
            if fault and fault.kind == "status":
                raise fault.refusal()
            self._admit(visit)
        except Refusal as refusal:
            response = JSONResponse(refusal.body(), refusal.status, refusal.headers())
            if fault:
                response.headers.update(fault.headers())
            await response(visit.scope, visit.receive, visit.send)
            return
        if fault and fault.kind == "slow" and await self._stops_within(float(fault.argument)):
            await self._cut(visit)
            return
        if fault and fault.kind in AFTER:
            await self._spoil(visit, fault)
        else:
            await self._app(visit.scope, visit.receive, visit.send)

    def _admit(self, visit: Visit) -> None:
        scope, metrica = visit.scope, self._metrica
        metrica.quotas.count_address(scope["client"][0], time.monotonic())
        authorization = Headers(scope=scope).get("authorization")
        path, method = scope["path"], scope["method"]
        authorise(authorization, method, path, metrica.options, metrica.switches)
        visit.enter("client_read" if method == "GET" else "client_write")

    async def _stops_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._metrica.stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _spoil(self, visit: Visit, fault: Fault) -> None:
        answer = bytearray()

        async def keep(message: Message) -> None:
            answer.extend(message.get("body", b""))

        await self._app(visit.scope, visit.receive, keep)
        if fault.kind == "drop_after":
            await self._cut(visit)
            return
        response: Response
        if fault.kind == "timeout_after":
            refusal = Refusal(504, "timeout", "The answer took too long.")
            response = JSONResponse(refusal.body(), 504, headers=fault.headers())
        elif fault.kind == "slow_after":
            await self._stops_within(float(fault.argument))
            response = Response(bytes(answer), media_type="application/json")
        elif fault.kind == "non_json":
            response = HTMLResponse(_PAGE)
        else:
            response = Response(bytes(answer), media_type="application/json")
            await self._send_half(visit, response)
            return
        await response(visit.scope, visit.receive, visit.send)

    async def _send_half(self, visit: Visit, response: Response) -> None:
        await visit.send(
            {"type": "http.response.start", "status": 200, "headers": response.raw_headers}
        )
        half = bytes(response.body)[: len(response.body) // 2]
        await visit.send({"type": "http.response.body", "body": half, "more_body": True})
        await cut(visit.scope["client"])

    async def _cut(self, visit: Visit) -> None:
        await visit.read_all()
        await visit.log(None)
        await cut(visit.scope["client"])
