"""A web server on loopback that answers by a script and remembers what it was asked.

The emulator answers as Metrica does; this one answers as nobody should.
"""

import hashlib
import json
import socket
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from metrica_export.metrica.access import Api

TOKEN = "y0_a-made-up-token"
COUNTER = 2215573


@dataclass(frozen=True)
class Reply:
    """One answer; with `cut` the connection ends without one."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class Asked:
    """One request. `body` is empty on a server that keeps none."""

    method: str
    path: str
    params: dict[str, str]
    headers: Message
    body: bytes
    size: int
    sha256: str
    moment: float


def ok(**content: Any) -> Reply:
    """Return a 200 with a JSON object."""
    return Reply(body=json.dumps(content).encode())


def refusal(status: int, error_type: str = "", **headers: str) -> Reply:
    """Return an error as Metrica words it (errors)."""
    entry = {"error_type": error_type, "message": "secret of the row"}
    content = {"errors": [entry], "code": status, "message": "secret of the row"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(content).encode(), named)


class ScriptedServer:
    """Answers each request with the next reply of its script; 418 when there is none left."""

    def __init__(self, *script: Reply, keep_bodies: bool = True) -> None:
        self.asked: list[Asked] = []
        self._script = deque(script)
        self._keep_bodies = keep_bodies
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def api(self) -> Api:
        """The exporter's settings for this server."""
        return Api(self.url, COUNTER, TOKEN)

    def will(self, *script: Reply) -> None:
        """Add replies to the script."""
        self._script.extend(script)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                scripted._answer(self)

            do_POST = do_GET  # noqa: N815 - the name is the library's

            def log_message(self, *_: Any) -> None:
                """Keep the tests' output clean."""

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(self._read(request))
        reply = self._script.popleft() if self._script else Reply(418)
        if reply.cut:
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        request.send_response(reply.status)
        for name, value in reply.headers.items():
            request.send_header(name, value)
        if "Content-Length" not in reply.headers:
            request.send_header("Content-Length", str(len(reply.body)))
        request.end_headers()
        request.wfile.write(reply.body)

    def _read(self, request: BaseHTTPRequestHandler) -> Asked:
        moment = time.monotonic()
        left = int(request.headers.get("Content-Length", 0))
        digest, size, kept = hashlib.sha256(), 0, bytearray()
        while block := request.rfile.read(min(left - size, 1 << 16)):
            digest.update(block)
            size += len(block)
            if self._keep_bodies:
                kept += block
        url = urlsplit(request.path)
        return Asked(
            method=request.command,
            path=url.path,
            params=dict(parse_qsl(url.query, strict_parsing=bool(url.query))),
            headers=request.headers,
            body=bytes(kept),
            size=size,
            sha256=digest.hexdigest(),
            moment=moment,
        )
