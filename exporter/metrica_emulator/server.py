"""The HTTP server around the emulator."""

import signal
import socket
import sys
from types import FrameType

import uvicorn

from metrica_emulator.app import build
from metrica_emulator.exchange import CuttableProtocol
from metrica_emulator.metrica import Metrica
from metrica_emulator.options import EmulatorError, EmulatorOptions

_HOST = "127.0.0.1"
_KEEP_ALIVE_SECONDS = 75
_SECONDS_TO_FINISH = 3


def run(options: EmulatorOptions) -> None:
    """Serve requests until SIGTERM or SIGINT.

    Once connections are accepted, one line with the port goes to standard error. Raises
    EmulatorError if the port is taken or the options cannot be used.
    """
    with _listen(options) as listener:
        metrica = Metrica(options)
        try:
            _serve(options, metrica, listener)
        finally:
            metrica.store.close()


def _serve(options: EmulatorOptions, metrica: Metrica, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            build(metrica),
            http=CuttableProtocol,
            lifespan="off",
            proxy_headers=False,
            ws="none",
            log_level="warning",
            access_log=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        ),
        metrica,
        f"Metrica's emulator listens on http://{_HOST}:{port}, counter {options.counter}",
    )

    def stop(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    # The stopped server raises the signal again. Our handler keeps it from ending the process.
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, metrica: Metrica, announcement: str) -> None:
        super().__init__(config)
        self._metrica = metrica
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._announcement, file=sys.stderr, flush=True)  # noqa: T201 - callers wait for it

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._metrica.stopping.set()
        await super().shutdown(sockets)


def _listen(options: EmulatorOptions) -> socket.socket:
    try:
        listener = socket.create_server((_HOST, options.port), backlog=128)
    except OSError as error:
        raise EmulatorError(
            f"Cannot listen on {_HOST}:{options.port} ({error.strerror})."
            " Name another port with --port; 0 takes a free one."
        ) from None
    # Connections inherit it. asyncio sets it only on sockets that name their protocol, and
    # without it each response waits 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
