"""HTTP to Metrica, against a server that answers by a script (errors, quotas)."""

import json
import logging
import socket
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace

import psutil
import pytest
from metrica_export.errors import MetricaError, QuotaError
from metrica_export.metrica.access import Api
from metrica_export.metrica.http import REQUESTS_A_SECOND, RefusedFileError, Transport
from python_multipart.multipart import File, FormParser, parse_options_header

from tests.support.ports import free_port
from tests.support.scripted_fixture import COUNTER, TOKEN, Asked, Reply, ScriptedServer, ok, refusal

ATTEMPTS = 6
BUDGET = 100


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as started:
        yield started


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits between attempts, in seconds, which are noted and not slept."""
    noted: list[float] = []
    # The policy's own clock, in the library that keeps it.
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=noted.append))
    return noted


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def fails(server: ScriptedServer, *script: Reply) -> MetricaError:
    """Make one call that must fail; return its error."""
    server.will(*script)
    with pytest.raises(MetricaError) as caught:
        Transport(server.api, BUDGET).call("GET", "/it")
    return caught.value


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    "reply",
    [
        *(refusal(status) for status in (409, 420, 429, 500, 502, 503, 504)),
        refusal(429, "quota_requests_by_ip"),
        refusal(429, "quota_parallel_requests"),
        Reply(503, b"<html>no JSON at all</html>"),
        Reply(cut=True),
        Reply(body=b'{"half', headers={"Content-Length": "100"}),
    ],
    ids=lambda reply: "cut" if reply.cut else f"{reply.status}-{reply.body[11:45]}",
)
def test_http_retries_transient_errors_until_success(server: ScriptedServer, reply: Reply) -> None:
    server.will(reply, reply, ok(done=True))
    transport = Transport(server.api, BUDGET)
    assert transport.call("GET", "/it") == {"done": True}
    assert len(server.asked) == transport.requests == 3


def test_trying_again_ends_after_six_attempts_with_growing_waits(
    server: ScriptedServer, waits: list[float]
) -> None:
    error = fails(server, *[refusal(503, "backend_error")] * (ATTEMPTS + 1))
    assert len(server.asked) == ATTEMPTS
    assert "503 (backend_error)" in str(error)
    assert len(waits) == ATTEMPTS - 1
    lows = [1, 2, 4, 8, 16]
    assert all(low <= wait <= low + 1 for low, wait in zip(lows, waits, strict=True))


def test_waits_are_jittered(waits: list[float]) -> None:
    for _ in range(3):
        with ScriptedServer(refusal(503), ok()) as server:
            Transport(server.api, BUDGET).call("GET", "/it")
    assert len(set(waits)) == 3


@pytest.mark.parametrize("status", [420, 429, 503])
def test_retry_after_is_the_wait(server: ScriptedServer, waits: list[float], status: int) -> None:
    server.will(refusal(status, Retry_After="7"), ok())
    Transport(server.api, BUDGET).call("GET", "/it")
    assert waits == [7.0]


def test_retry_after_is_a_minute_at_most(server: ScriptedServer, waits: list[float]) -> None:
    server.will(refusal(429, Retry_After="86400"), ok())
    Transport(server.api, BUDGET).call("GET", "/it")
    assert waits == [60.0]


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", "", "\xb2"])
def test_http_retry_after_that_is_no_number_leaves_the_wait_to_us(
    server: ScriptedServer, waits: list[float], value: str
) -> None:
    server.will(refusal(429, Retry_After=value), ok())
    Transport(server.api, BUDGET).call("GET", "/it")
    assert len(waits) == 1
    assert 1 <= waits[0] <= 2


@pytest.mark.parametrize("status", [420, 429])
@pytest.mark.parametrize("kind", ["quota_requests_by_uid", "quota_requests_by_counter_id"])
def test_http_used_up_daily_quota_ends_it_at_once(
    server: ScriptedServer, waits: list[float], status: int, kind: str
) -> None:
    error = fails(server, refusal(status, kind, Retry_After="1"))
    assert isinstance(error, QuotaError)
    assert error.exit_code == 4
    assert "00:00 GMT" in str(error)
    assert "Rerun" in str(error)
    assert (len(server.asked), waits) == (1, [])


@pytest.mark.parametrize("budget", [0, 1, 3])
def test_no_more_requests_are_made_than_there_are_left(server: ScriptedServer, budget: int) -> None:
    server.will(*[ok()] * budget)
    transport = Transport(server.api, budget)
    for _ in range(budget):
        transport.call("GET", "/it")
    with pytest.raises(QuotaError, match="--daily-requests") as caught:
        transport.call("GET", "/it")
    assert caught.value.exit_code == 4
    assert "Rerun" in str(caught.value)
    assert transport.requests == len(server.asked) == budget


def test_trying_again_counts_as_a_request(server: ScriptedServer, waits: list[float]) -> None:
    server.will(*[refusal(503)] * ATTEMPTS)
    transport = Transport(server.api, 2)
    with pytest.raises(QuotaError):
        transport.call("GET", "/it")
    assert transport.requests == len(server.asked) == len(waits) == 2


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (401, "unauthorized", "METRICA_TOKEN"),
        (403, "invalid_token", "METRICA_TOKEN"),
        (403, "access_denied", "metrika:write"),
        (404, "not_found", "counter's number"),
        (400, "invalid_parameter", "not retryable"),
        (406, "not_acceptable", "not retryable"),
        (413, "", "not retryable"),
    ],
)
def test_http_asks_once_on_permanent_error_and_says_what_to_do(
    server: ScriptedServer, waits: list[float], status: int, kind: str, advice: str
) -> None:
    error = fails(server, refusal(status, kind))
    assert (len(server.asked), waits) == (1, [])
    assert error.exit_code == 4
    assert not isinstance(error, QuotaError | RefusedFileError)
    assert f"GET /it: Metrica answered {status}" in str(error)
    assert kind in str(error)
    assert advice in str(error)


def test_http_refused_file_is_an_error_of_its_own(server: ScriptedServer) -> None:
    error = fails(server, refusal(400, "invalid_uploading"))
    assert isinstance(error, RefusedFileError)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'{"errors": 5}', b'{"errors": []}', b'{"errors": [5]}', b"\xff\xfe"],
)
def test_http_error_without_metricas_words_is_judged_by_its_status(
    server: ScriptedServer, body: bytes
) -> None:
    error = fails(server, Reply(403, body))
    assert "403: the token" in str(error)


@pytest.mark.parametrize("body", [b"<html></html>", b"", b"[1]", b"null", b"\xff"])
def test_http_200_without_a_json_object_is_an_empty_one(
    server: ScriptedServer, body: bytes
) -> None:
    server.will(Reply(body=body))
    assert Transport(server.api, BUDGET).call("GET", "/it") == {}


@pytest.mark.usefixtures("waits")
def test_http_address_without_a_server_is_named() -> None:
    api = Api(f"http://127.0.0.1:{free_port()}", COUNTER, TOKEN)
    transport = Transport(api, BUDGET)
    with pytest.raises(MetricaError, match="no answer") as caught:
        transport.call("GET", "/it")
    assert api.url in str(caught.value)
    assert "--api-url" in str(caught.value)
    assert transport.requests == ATTEMPTS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_http_redirect_is_not_followed_so_the_token_does_not_travel(
    server: ScriptedServer, status: int
) -> None:
    with ScriptedServer(ok()) as elsewhere:
        error = fails(server, Reply(status, headers={"Location": f"{elsewhere.url}/it"}))
        assert elsewhere.asked == []
    assert str(status) in str(error)


@pytest.mark.parametrize("address", ["http://[::1", "//[", "\xff\xfe"])
def test_http_redirect_with_a_malformed_address_is_an_error_of_metrica(
    server: ScriptedServer, address: str
) -> None:
    error = fails(server, Reply(302, headers={"Location": address}))
    assert str(error) == "GET /it: Metrica answered 302 (not retryable)."


def test_http_token_goes_in_the_header_and_nowhere_else(server: ScriptedServer) -> None:
    server.will(ok())
    Transport(server.api, BUDGET).call("POST", "/it", params={"a": "ж"}, body={"b": 1})
    (asked,) = server.asked
    assert asked.headers["Authorization"] == f"OAuth {TOKEN}"
    assert (asked.path, asked.params) == ("/it", {"a": "ж"})
    assert TOKEN.encode() not in asked.body


def elsewhere(server: ScriptedServer) -> Api:
    """Return the server by a spelling of its address that nobody takes for this machine's."""
    api = Api(server.url.replace("127.0.0.1", "127.1"), COUNTER, TOKEN)
    assert not api.is_local
    return api


@pytest.mark.parametrize("local", [True, False])
def test_netrc_does_not_take_the_tokens_place(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, local: bool
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    server.will(ok())
    Transport(server.api if local else elsewhere(server), BUDGET).call("GET", "/it")
    assert server.asked[0].headers["Authorization"] == f"OAuth {TOKEN}"


def test_http_proxy_is_used_for_other_machines(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer(ok(by="proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert Transport(elsewhere(server), BUDGET).call("GET", "/it") == {"by": "proxy"}
    assert server.asked == []


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_http_proxy_does_not_see_the_token_on_its_way_to_this_machine(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with ScriptedServer(ok(), ok()) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        server.will(ok(real=True))
        assert Transport(server.api, BUDGET).call("GET", "/it") == {"real": True}
        assert proxy.asked == []


@pytest.mark.usefixtures("waits")
def test_no_error_and_no_log_line_holds_the_token_or_metricas_texts(
    logged: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("secret of the row")
    told = []
    for reply in (refusal(400), refusal(403), refusal(500), Reply(cut=True)):
        with ScriptedServer(*[reply] * ATTEMPTS) as server:
            with pytest.raises(MetricaError) as caught:
                Transport(server.api, BUDGET).call("POST", "/it", file=file)
            told += [repr(caught.value), repr(caught.value.__cause__), repr(server.api)]
    assert logged.records
    told += [f"{record.getMessage()} {vars(record)}" for record in logged.records]
    assert TOKEN not in "\n".join(told)
    assert "secret of the row" not in "\n".join(told)


@contextmanager
def dripping(*pieces: bytes) -> Iterator[Api]:
    """Yield a server that sends the pieces, and then a byte every 0.05 s for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                connection.recv(1 << 16)
                connection.sendall(b"".join(pieces))
                while True:
                    connection.sendall(b"1")
                    time.sleep(0.05)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()

        Thread(target=accept, daemon=True).start()
        yield Api(f"http://127.0.0.1:{listener.getsockname()[1]}", COUNTER, TOKEN)
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"HTTP/1.1 200 OK\r\nX-Header: ",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"fffff\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",),
    ],
    ids=["status", "header", "length", "until the end", "chunk", "chunk size"],
)
def test_transport_ends_an_answer_that_drips_for_ever(
    waits: list[float], monkeypatch: pytest.MonkeyPatch, pieces: tuple[bytes, ...]
) -> None:
    monkeypatch.setattr("metrica_export.metrica.answer.SECONDS", 0.2)
    begun = time.monotonic()
    with dripping(*pieces) as api, pytest.raises(MetricaError, match="no answer") as caught:
        Transport(api, BUDGET).call("POST", "/it")
    assert caught.value.doubtful
    assert len(waits) == ATTEMPTS - 1
    assert time.monotonic() - begun < 0.2 * ATTEMPTS + 3


@cache
def bomb(zeros: int) -> Reply:
    """Return an answer that is small on the wire and that many bytes when it is decoded."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1_000_000)
    packed = b"".join(packer.compress(block) for _ in range(zeros // len(block))) + packer.flush()
    return Reply(body=packed, headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    ("status", "told"), [(200, ""), (302, "302 .not retryable"), (403, "403: the token")]
)
def test_transport_does_not_decode_a_body_beyond_its_limit(
    server: ScriptedServer, status: int, told: str
) -> None:
    reply = bomb(500_000_000)
    headers = {**reply.headers, "Location": "/elsewhere"}
    server.will(replace(reply, status=status, headers=headers))
    transport = Transport(server.api, BUDGET)
    before = psutil.Process().memory_info().rss
    peak = 0
    ended = Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.002):
            peak = max(peak, psutil.Process().memory_info().rss)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        if status == 200:
            assert transport.call("GET", "/it") == {}
        else:
            with pytest.raises(MetricaError, match=told):
                transport.call("GET", "/it")
    finally:
        ended.set()
        watcher.join()
    assert peak - before < 200_000_000


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"uploadings": ' + b"[" * 100_000]
)
def test_transport_takes_a_deeply_nested_body_for_unreadable(
    server: ScriptedServer, body: bytes
) -> None:
    server.will(Reply(body=body), Reply(403, body))
    transport = Transport(server.api, BUDGET)
    assert transport.call("GET", "/it") == {}
    with pytest.raises(MetricaError, match="403: the token"):
        transport.call("GET", "/it")


def test_transport_replaces_characters_that_no_warehouse_can_store(server: ScriptedServer) -> None:
    server.will(ok(**{"a\0": ["b\ud800", {"c": "\0"}, 1, None]}))
    found = Transport(server.api, BUDGET).call("GET", "/it")
    assert found == {"a\x7f": ["b\x7f", {"c": "\x7f"}, 1, None]}


@pytest.mark.parametrize(
    "kind", ["\x1b[2J", "a\x00", "\u202egnorw", "a\nb", "x" * 300, "ошибка", "a b", 5, None, ["a"]]
)
def test_http_error_names_no_type_that_is_not_a_plain_word(
    server: ScriptedServer, kind: object
) -> None:
    body = json.dumps({"errors": [{"error_type": kind}]}).encode()
    error = fails(server, Reply(400, body))
    assert str(error) == "GET /it: Metrica answered 400 (not retryable)."


def parts(asked: Asked) -> list[File]:
    """Return the parts of a multipart body, all of which must be files."""
    kind, options = parse_options_header(asked.headers["Content-Type"])
    assert kind == b"multipart/form-data"
    found: list[File] = []
    parser = FormParser("multipart/form-data", None, found.append, boundary=options[b"boundary"])
    parser.write(asked.body)
    parser.finalize()
    return found


def test_http_file_is_one_multipart_part_with_its_length_announced(
    server: ScriptedServer, tmp_path: Path
) -> None:
    content = '"uniq_id";"name"\n"1";"Анна ""Ли"""\n'.encode() + b"--\r\n--boundary\r\n"
    file = tmp_path / "contacts.csv"
    file.write_bytes(content)
    server.will(ok(done=True))
    assert Transport(server.api, BUDGET).call("POST", "/it", file=file) == {"done": True}
    (asked,) = server.asked
    (part,) = parts(asked)
    assert (part.field_name, part.file_name) == (b"file", b"contacts.csv")
    assert b"Content-Type: text/csv\r\n" in asked.body
    part.file_object.seek(0)
    assert part.file_object.read() == content
    assert int(asked.headers["Content-Length"]) == asked.size == len(asked.body)
    assert "Transfer-Encoding" not in asked.headers


def test_http_file_goes_whole_in_every_attempt(
    server: ScriptedServer, tmp_path: Path, waits: list[float]
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_bytes(b"content")
    server.will(refusal(504, "timeout"), Reply(cut=True), ok())
    Transport(server.api, BUDGET).call("POST", "/it", file=file)
    assert len(waits) == 2
    assert len(server.asked) == 3
    for asked in server.asked:
        (part,) = parts(asked)
        part.file_object.seek(0)
        assert part.file_object.read() == b"content"


def test_http_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    size = 48_000_000
    file = tmp_path / "contacts.csv"
    with file.open("wb") as out:
        out.truncate(size)
    with ScriptedServer(ok(), keep_bodies=False) as server:
        transport = Transport(server.api, BUDGET)
        tracemalloc.start()
        try:
            transport.call("POST", "/it", file=file)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert server.asked[0].size > size
    assert peak < size / 5


def test_requests_keep_below_the_quota_of_a_second(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setattr("metrica_export.metrica.http.time", clock)
    server.will(*[ok()] * 5)
    transport = Transport(server.api, BUDGET)
    moments = []
    for _ in range(5):
        transport.call("GET", "/it")
        moments.append(clock.now)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert gaps == pytest.approx([1 / REQUESTS_A_SECOND] * 4)


class FakeClock:
    """A clock that only sleep moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def time(self) -> float:
        return self.now
