"""A loopback relay to PostgreSQL that counts what goes over the wire."""

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.support.ports import HOST

_PROTOCOL_3 = 196_608
_QUERY, _PARSE = b"Q", b"P"
_BLOCK = 1 << 16


class CountedWire:
    """Stands between clients and a server; use it as a context manager.

    `statements` are the texts that clients had parsed, in the order of their arrival;
    `bytes_in` went to the clients, `bytes_out` to the server.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[threading.Thread] = set()
        self.reset()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        # Without the shutdown the thread that waits in accept() would keep the port.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.settle()

    def reset(self) -> None:
        """Count from nothing again."""
        self.statements: list[str] = []
        self.bytes_in = self.bytes_out = 0

    def settle(self) -> None:
        """Wait until every connection has ended on both sides."""
        for thread in list(self._open):
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((HOST, self._server_port))
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                thread = threading.Thread(target=self._relay, args=(client, server), daemon=True)
                self._open.add(thread)
                thread.start()

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._answers, args=(server, client), daemon=True)
        back.start()
        with suppress(OSError):
            self._questions(client, server)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)
        back.join()
        client.close()
        server.close()
        self._open.discard(threading.current_thread())

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while block := server.recv(_BLOCK):
                with self._lock:
                    self.bytes_in += len(block)
                client.sendall(block)
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)

    def _questions(self, client: socket.socket, server: socket.socket) -> None:
        # A message is a kind and a length; only the first ones of a session have no kind.
        waiting, started = b"", False
        while block := client.recv(_BLOCK):
            with self._lock:
                self.bytes_out += len(block)
            server.sendall(block)
            waiting += block
            while len(waiting) >= started + 4:
                (length,) = struct.unpack_from("!I", waiting, int(started))
                if len(waiting) < started + length:
                    break
                message, waiting = waiting[: started + length], waiting[started + length :]
                if started:
                    self._count(message)
                else:
                    started = struct.unpack_from("!I", message, 4) == (_PROTOCOL_3,)

    def _count(self, message: bytes) -> None:
        kind, content = message[:1], message[5:]
        if kind == _PARSE:
            content = content.split(b"\0", 1)[1]
        if kind in {_QUERY, _PARSE}:
            with self._lock:
                self.statements.append(content.split(b"\0", 1)[0].decode())
