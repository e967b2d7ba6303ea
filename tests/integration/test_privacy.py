"""Nothing of a row leaves the export but in the files: no output and no ledger table has it.

Metrica is made to refuse rows and to repeat in its errors what they hold: the emulator by its
switch, and a server before it that quotes whole rows in every way that it can.
"""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

import pytest
import requests
from metrica_export.metrica.redaction import redact

from tests.support.emulator_fixture import RunningEmulator
from tests.support.marts_fixture import COLUMNS, OWN, MartsWarehouse, make_marts

CONTACTS: dict[str, dict[str, Any]] = {
    "c-good": {
        "name": "Ярополк Честноков",
        "create_date_time": "2026-03-04 05:06:17",
        "birth_date": "1987-11-23",
        "client_ids": "1600001234567890123,1700009876543210987",
        "emails": "yaropolk@secret-one.example,second@secret-two.example",
        "phones": "79161234567,79167654321",
        "emails_md5": "0cc175b9c0f1b6a831c399e269772661",
        "phones_md5": "92eb5ffee6ae2fec3ad71c777531578f",
        "identifiers_count": 4815162,
    },
    "c-cyrillic": {
        "name": "Златоцвета Приозёрная-Дальняя",
        "create_date_time": "2026-04-05 06:07:28",
        "birth_date": "1991-12-24",
        "client_ids": "1800001112223334445",
        "emails": "zlatotsveta@secret-three.example",
        "phones": "79031112233",
        "emails_md5": "4a8a08f09d37b73795649038408b5f33",
        "phones_md5": "8277e0910d750195b448797616e091ad",
        "identifiers_count": 2342108,
    },
    "c-latin": {
        "name": "Wolfeschlegel Hubert-Blaine",
        "create_date_time": "2026-05-06 07:08:39",
        "birth_date": "1979-10-25",
        "client_ids": "1900005556667778889",
        "emails": "wolfeschlegel@secret-four.example",
        "phones": "447700900123",
        "emails_md5": "e1671797c52e15f763380b45e841ec32",
        "phones_md5": "8fa14cdd754f91cc6554c9e71929cce7",
        "identifiers_count": 1123581,
    },
    # These the export rejects by itself.
    "c-phone": {"name": "Мстислава", "phones": "8 (495) 987-65-43 доб. 2201"},
    "c-mail": {"name": "Bartholomew", "emails": "Barth Olomew@secret-five.example"},
    "c-birth": {"name": "Володимира", "birth_date": "1867-08-19"},
}
ORDERS: dict[str, dict[str, Any]] = {
    f"o-{number}": {
        "client_uniq_id": "c-good",
        "client_type": "CONTACT",
        "create_date_time": f"2026-10-1{number} 11:12:4{number}",
        "finish_date_time": f"2026-11-1{number} 13:14:5{number}",
        "order_status": "PAID",
        "revenue": f"7{number}86543.21",
        "cost": f"6{number}97531.08",
        "currency": "RUB",
        "goals": f"goalofsecret{number}:5{number}12345.67",
        "products": f"productofsecret{number}:8{number}7654",
        "items_count": 31415920 + number,
    }
    for number in range(1, 6)
}
# The export rejects it by itself.
ORDERS["o-4"] |= {"products": "secret-goods:none"}
MARTS = {"contacts": CONTACTS, "orders": ORDERS}
KEYS = {"contacts": "uniq_id", "orders": "id"}
NOT_PRIVATE = {"client_uniq_id", "client_type", "order_status", "currency"}
"""Keys, and words that Metrica's own documentation lists."""
BY_DESIGN = {"ledger_deliveries": {"create_date_time"}}
"""The first creation date stays for good, so the ledger keeps it in a column of its own."""

QUOTED_BY_EMULATOR = "o-5"
_LEFT_ALONE = {"c-good", QUOTED_BY_EMULATOR}
_REFUSED_WITH_400 = "o-3"


@dataclass
class Quoting:
    """A server before the emulator that refuses most rows and quotes them."""

    emulator: RunningEmulator
    quoted: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        emulator, quoted = self.emulator, self.quoted

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.forward(b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                rows = _rows(self.headers, body) if "/data/" in self.path else []
                if {row[0] for row in rows} <= _LEFT_ALONE:
                    self.forward(body)
                    return
                texts = [text for row in rows for text in _quotes(row)]
                quoted.extend(texts)
                if {row[0] for row in rows} == {_REFUSED_WITH_400}:
                    entry = {"error_type": "invalid_uploading", "message": " ".join(texts)}
                    refused = {"errors": [entry], "code": 400, "message": " ".join(texts)}
                    self.answer(400, json.dumps(refused).encode())
                    return
                uploading = {
                    "uploading_id": f"refused-{len(quoted)}",
                    "api_validation_status": "FAILED",
                    "api_validation_errors": texts,
                }
                self.answer(200, json.dumps({"uploading": uploading}).encode())

            def forward(self, body: bytes) -> None:
                headers = {
                    name: self.headers[name]
                    for name in ("Authorization", "Content-Type")
                    if name in self.headers
                }
                url = emulator.url + self.path
                given = requests.request(self.command, url, data=body, headers=headers, timeout=20)
                self.answer(given.status_code, given.content)

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


def _rows(headers: Message, body: bytes) -> list[list[str]]:
    """Return the rows of an uploaded CSV file, without its header."""
    head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(_class=EmailMessage).parsebytes(head + body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    assert isinstance(parts[0], Message)
    content = parts[0].get_payload(decode=True)
    assert isinstance(content, bytes)
    text = content.decode("utf-8")
    delimiter = ";" if ";" in text.splitlines()[0] else ","
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))[1:]


def _quotes(row: list[str]) -> Iterator[str]:
    """Yield errors that repeat a row: each cell alone, in a sentence, changed, and all of it."""
    for cell in filter(None, row):
        yield cell
        yield f'row 1: the value "{cell}" is wrong.'
        yield f"value={cell}; near '{cell.upper()}' ({cell.lower()})"
        yield f"bad_value_{cell.replace(' ', '_')} {cell.replace(' ', '')} {cell[:-2]} {cell[:5]}"
        yield " ".join(re.split(r"[^\w]+|_", cell))
    yield json.dumps(row, ensure_ascii=False)
    yield " ".join(row)


def seeds() -> set[str]:
    """Return the values of every seeded cell but keys, in the forms that could be printed."""
    found: set[str] = set()
    for mart, rows in MARTS.items():
        for row in rows.values():
            for column, value in row.items():
                if column not in NOT_PRIVATE:
                    assert column in COLUMNS[mart]
                    found.update(_forms(str(value)))
    return found


def _forms(text: str) -> Iterator[str]:
    yield text
    if re.fullmatch(r"\d{4}-\d\d-\d\d.*", text):
        # A day alone could be the run's own.
        day, _, time = text.partition(" ")
        yield time or day
        yield f"{day[8:]}.{day[5:7]}.{day[:4]}"
        return
    for part in re.split(r"[\s,:;@.()-]+", text):
        if len(part) > 4 and part not in {"secret", "goods", "example", "second"}:
            yield part


@dataclass(frozen=True)
class Commands:
    """The command line, and all that it has printed."""

    flags: list[str]
    environment: dict[str, str]
    folder: Path
    printed: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "metrica_export", *arguments, *self.flags]
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert "Traceback" not in done.stderr
        text = done.stdout + done.stderr
        self.printed[" ".join([*arguments, str(len(self.printed))])] = text
        return text


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> MartsWarehouse:
    made = make_marts(tmp_path_factory.mktemp("privacy"), None)
    for mart, rows in MARTS.items():
        made.put(mart, *({KEYS[mart]: key} | row for key, row in rows.items()))
    return made


@pytest.fixture(scope="module")
def printed(marts: MartsWarehouse, request: pytest.FixtureRequest) -> dict[str, str]:
    """Return everything that the commands print while Metrica quotes rows, by command."""
    emulator: RunningEmulator = request.getfixturevalue("running_emulator")
    emulator.reset()
    emulator.quotas(requests_per_second=1000)
    emulator.switches(errors_echo_values="on", unknown_goal="fail")
    with Quoting(emulator) as metrica:
        commands = Commands(
            [*marts.flags, "--counter-id", str(emulator.counter)],
            {"METRICA_TOKEN": emulator.token, "PATH": "", "LANG": "C.UTF-8"},
            marts.folder,
        )
        api = ("--api-url", metrica.url)
        commands("plan", "--out", "plan.json")
        assert '"rejected": 5' in commands("run", "--json", *api)
        commands("retry")
        commands("run", "--reconcile", *api)
        commands("plan", "--json")
        commands("rejects")
        commands("rejects", "--json")
        commands("status")
        commands("status", "--json")
        commands("doctor", *api)
        commands("report", "--json")
        commands("report")
        commands("report", "--lang", "ru", "--output", "отчёт.html")
        quoted = " ".join(metrica.quoted)
    for secret in ("Златоцвета", "79031112233", "7186543.21", "31415923", "goalofsecret1"):
        assert secret in quoted
    errors = str(emulator.sql("select errors from uploads where status = 'FAILED'"))
    assert "goalofsecret5" in errors
    files = ("plan.json", "report.html", "отчёт.html")
    return commands.printed | {file: (marts.folder / file).read_text("utf-8") for file in files}


def test_seeds_have_every_column_that_is_exported() -> None:
    for mart, rows in MARTS.items():
        given = {column for row in rows.values() for column in row}
        assert given == COLUMNS[mart].keys() - {KEYS[mart]} - OWN.get(mart, {}).keys()
    assert len(seeds()) > 90


def test_reasons_of_metrica_are_shown(printed: dict[str, str]) -> None:
    shown = next(text for command, text in printed.items() if command.startswith("rejects --json"))
    found = {line["id"]: line["explanation"] for line in json.loads(shown)["rejects"]}
    assert {"c-latin", "c-cyrillic", "o-1", "o-2", "o-3", "o-5"} <= found.keys()
    for key in ("c-latin", "c-cyrillic", "o-1", "o-2"):
        assert "the value … is wrong" in found[key]
    assert "Metrica's reason:" in found[QUOTED_BY_EMULATOR]
    assert "Metrica's reason:" not in found[_REFUSED_WITH_400]


def test_no_output_holds_a_seeded_cell(printed: dict[str, str]) -> None:
    assert len(printed) == 16
    for command, text in printed.items():
        assert text, command
        leaked = {seed for seed in seeds() if seed.lower() in text.lower()}
        assert not leaked, command


def test_no_ledger_table_holds_a_seeded_cell(
    marts: MartsWarehouse, printed: dict[str, str]
) -> None:
    assert printed
    columns = marts.sql(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'metrica_export' order by 1, 2"
    )
    assert len({table for table, _ in columns}) >= 10
    for table, column in columns:
        if column in BY_DESIGN.get(table, ()):
            continue
        text = str(marts.sql(f"select distinct {column} from metrica_export.{table}")).lower()
        leaked = {seed for seed in seeds() if seed.lower() in text}
        assert not leaked, (table, column)


@pytest.mark.parametrize("mart", MARTS)
def test_redaction_leaves_no_cell_in_any_error(mart: str) -> None:
    for row in MARTS[mart].values():
        cells = [str(value) for value in row.values()]
        private = {form for cell in cells for form in _forms(cell)}
        for text in _quotes(cells):
            left = redact(text, cells).lower()
            assert not {form for form in private if form.lower() in left}, text


def test_redaction_keeps_the_reason() -> None:
    text = "row 7: emails: bad_email: Anna.Li@example.com (must be Latin)"
    assert redact(text, ["Anna.Li@example.com"]) == "row … emails: bad_email: … (must be Latin)"


@pytest.mark.parametrize(
    "text",
    ["Hubert", "hubert-blaine", "Hubert_Blaine", "HubertBlaine", "Huber", "(BLAINE)", "xHubertx"],
)
def test_redaction_knows_a_word_that_is_cut_or_joined(text: str) -> None:
    assert redact(f"bad name {text} here", ["Wolfe Hubert-Blaine"]) == "bad name … here"


@pytest.mark.parametrize(
    ("cell", "text", "left"),
    [
        ("Ann Lee", "bad name Lee here", "bad name … here"),
        ("Ann Lee", "bad sleeve here", "bad sleeve here"),
        ("Anna Li", "bad client here", "bad client here"),
        ("canvas", "it can be", "it can be"),
        ("Noor", "bad name xNoorx here", "bad name … here"),
        ("Noorjahan", "bad name Noor here", "bad name … here"),
    ],
)
def test_redaction_takes_short_words_whole_and_longer_ones_in_parts(
    cell: str, text: str, left: str
) -> None:
    assert redact(text, [cell]) == left


def test_redaction_cuts_long_texts() -> None:
    assert redact("word " * 100, []) == ("word " * 100)[:300]
