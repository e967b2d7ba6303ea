"""The open connections, so that a fault can cut one."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

_open: dict[tuple[str, int], asyncio.Transport] = {}


class CuttableProtocol(H11Protocol):
    """uvicorn's protocol, which remembers its connection by the client's address."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection."""
        super().connection_made(transport)
        if self.client:
            _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self.client:
            _open.pop(self.client, None)
        super().connection_lost(exc)


async def cut(client: tuple[str, int]) -> None:
    """Reset the connection of this client, without an answer."""
    if transport := _open.get(client):
        transport.abort()
        # The server learns of it in the loop's next round, and must before we return.
        await asyncio.sleep(0)
