"""A Metrica that takes everything and keeps nothing, so that it is nobody's bottleneck.

`python -m benchmarks.sink` prints its port and serves until its standard input ends. The
schema that it is given it remembers, since an exporter looks before it creates. `/counts`
tells how many requests and bytes of data it has had.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

_BLOCK = 1 << 20
_SCHEMA_LISTS = {
    "attributes": "custom_attributes",
    "order_statuses": "order_statuses",
    "goals": "goals",
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Sink"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing."""

    def do_GET(self) -> None:
        sink, url = self.server, urlsplit(self.path)
        kind = url.path.rsplit("/", 1)[-1]
        if url.path == "/counts":
            self._answer({"data_requests": sink.data_requests, "data_bytes": sink.data_bytes})
        elif kind in _SCHEMA_LISTS:
            key = (kind, *parse_qs(url.query).get("entity_type", ()))
            self._answer({_SCHEMA_LISTS[kind]: sink.schema.get(key, [])})
        elif kind == "last_uploadings":
            self._answer({"uploadings": []})
        else:
            self._answer(
                {
                    "counter": {
                        "id": 1,
                        "time_zone_name": "Europe/Moscow",
                        "counter_flags": {"collect_first_party_data": True},
                    }
                }
            )

    def do_POST(self) -> None:
        sink, url = self.server, urlsplit(self.path)
        size = int(self.headers["Content-Length"])
        kind = url.path.rsplit("/", 1)[-1]
        if "/schema/" in url.path:
            body = json.loads(self.rfile.read(size))
            key = (kind, *parse_qs(url.query).get("entity_type", ()))
            sink.schema[key] = body.get(kind, [])
            self._answer({"success": True})
            return
        self._discard(size)
        with sink.lock:
            sink.data_requests += 1
            sink.data_bytes += size
        self._answer(
            {
                "uploading": {
                    "uploading_id": str(next(sink.numbers)),
                    "api_validation_status": "PASSED",
                    "elements_count": 0,
                }
            }
        )

    def _discard(self, size: int) -> None:
        block = memoryview(bytearray(_BLOCK))
        while size > 0:
            read = self.rfile.readinto(block[: min(size, _BLOCK)])
            if not read:
                return
            size -= read

    def _answer(self, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Sink(ThreadingHTTPServer):
    """The server and its few counts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.numbers = count(1)
        self.schema: dict[tuple[str, ...], list[Any]] = {}
        self.data_requests = 0
        self.data_bytes = 0


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    sink = Sink()
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    sys.stdout.write(f"{sink.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
