"""A loopback relay to a server that keeps every byte that clients sent to it."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.ports import HOST


class Recorder(socketserver.ThreadingTCPServer):
    """`sent` grows with all that came in; `port` is where clients go."""

    daemon_threads = True

    def __init__(self, server_port: int) -> None:
        super().__init__((HOST, 0), _Relay)
        self.server_port, self.sent = server_port, bytearray()
        self.port: int = self.server_address[1]


class _Relay(socketserver.BaseRequestHandler):
    server: Recorder

    def handle(self) -> None:
        with socket.create_connection((HOST, self.server.server_port)) as upstream:
            back = threading.Thread(target=_pump, args=(upstream, self.request), daemon=True)
            back.start()
            while block := self.request.recv(1 << 16):
                self.server.sent += block
                upstream.sendall(block)
            with suppress(OSError):
                upstream.shutdown(socket.SHUT_WR)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(1 << 16):
            target.sendall(block)


@contextmanager
def recording(server_port: int) -> Iterator[Recorder]:
    """Yield a relay to the server at that port of this machine."""
    with Recorder(server_port) as recorder:
        threading.Thread(target=recorder.serve_forever, daemon=True).start()
        yield recorder
        recorder.shutdown()
