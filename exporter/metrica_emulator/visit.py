"""One request: what came in, when it is answered, and its line in the log."""

import time
from datetime import UTC

from starlette.types import Message, Receive, Scope, Send

from metrica_emulator.faults import Fault
from metrica_emulator.metrica import Metrica


class Visit:
    """Wraps a request's ASGI channels.

    Before an answer leaves, the whole body has been received (a client that is still
    sending would see a reset and not the answer), the log has its line, and the request
    no longer counts as in flight.
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
        self._inside = False
        self._logged = False

    def enter(self, group: str) -> None:
        """Count the request against the quotas; raises Refusal."""
        metrica = self._metrica
        metrica.quotas.begin(group, metrica.day().isoformat(), metrica.seconds_left())
        self._group = group
        self._inside = True

    def leave(self) -> None:
        """Stop counting the request as in flight."""
        if self._inside:
            self._inside = False
            self._metrica.quotas.end()

    async def receive(self) -> Message:
        """Receive the next part of the request."""
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        self._more = message.get("more_body", False)
        return message

    async def read_all(self) -> None:
        """Receive what is left of the body and forget it."""
        while self._more:
            await self.receive()

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            await self.read_all()
            await self.log(message["status"])
            self.leave()
        await self._send(message)

    async def log(self, status: int | None) -> None:
        """Write the request's line; None stands for a connection that is cut."""
        if self._logged:
            return
        self._logged = True
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
        await self._metrica.ask(
            lambda connection: connection.execute(
                "insert into requests (at_utc, method, path, status, bytes, ms, quota_group, fault)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                line,
            )
        )
