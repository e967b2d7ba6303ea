"""One HTTP exchange: its connection, its request, its answer, and its line in the log."""

import asyncio
import time
from datetime import UTC

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from metrica_emulator.faults import Fault
from metrica_emulator.metrica import Metrica

_open: dict[tuple[str, int], asyncio.Transport] = {}


class CuttableProtocol(H11Protocol):
    """uvicorn's protocol, which keeps its connection by the client's address for `cut`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the connection."""
        super().connection_made(transport)
        if self.client:
            _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self.client:
            _open.pop(self.client, None)
        super().connection_lost(exc)


class Exchange:
    """A request and its answer, around the ASGI channels.

    Before an answer leaves: the whole body is received (a client that still sends would see
    a reset instead of the answer), the log has its line, and the request is no longer in flight.
    """

    def __init__(
        self, metrica: Metrica, scope: Scope, receive: Receive, send: Send, fault: Fault | None
    ) -> None:
        self.scope = {**scope, "metrica.fault": fault}
        self._metrica = metrica
        self._receive = receive
        self._send = send
        self._fault = fault
        self._began_at = metrica.clock.now()
        self._began = time.monotonic()
        self._bytes = 0
        self._more = True
        self._group: str | None = None
        self._in_flight = False
        self._is_logged = False

    def begin(self, group: str) -> None:
        """Count the request against the quotas; raises Refusal."""
        metrica = self._metrica
        metrica.quotas.begin(group, metrica.today(), metrica.switches.quota_status)
        self._group = group
        self._in_flight = True

    def end(self) -> None:
        """Stop counting the request as in flight."""
        if self._in_flight:
            self._in_flight = False
            self._metrica.quotas.end()

    async def receive(self) -> Message:
        """Receive the next part of the request."""
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        self._more = message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            await self._receive_rest()
            await self._log(message["status"])
            self.end()
        await self._send(message)

    async def cut(self) -> None:
        """Receive the whole request, then reset the connection, without the rest of an answer."""
        await self._receive_rest()
        await self._log(None)
        if transport := _open.get(self.scope["client"]):
            transport.abort()
            # The server notices in the loop's next round, which must come before we return.
            await asyncio.sleep(0)

    async def _receive_rest(self) -> None:
        while self._more:
            await self.receive()

    async def _log(self, status: int | None) -> None:
        """Write the request's line once; status None is a connection that a fault cut."""
        if self._is_logged:
            return
        self._is_logged = True
        line = (
            self._began_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            self.scope["method"],
            self.scope["path"],
            status,
            self._bytes,
            round((time.monotonic() - self._began) * 1000),
            self._group,
            self._fault.kind if self._fault else None,
        )
        await self._metrica.store.run(
            lambda connection: connection.execute(
                "insert into requests (at_utc, method, path, status, bytes, ms, quota_group, fault)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                line,
            )
        )
