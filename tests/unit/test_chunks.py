"""Cells as Metrica reads them, and files that never pass their limits."""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from metrica_export.checks.sendable import cells, rows
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.cli.main import cli
from metrica_export.delivery.chunks import Chunk, cut, halves
from metrica_export.delivery.csv_file import File, write_csv
from metrica_export.delta.delta import Delta
from metrica_export.settings import DbtSettings, Form, Limits
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.session import Session, open_session

from tests.support.marts_fixture import COLUMNS, KEYS, OWN, make_marts

HEADER = {
    "contacts": '"uniq_id","name","create_date_time","birth_date","client_ids","emails","phones",'
    '"emails_md5","phones_md5","identifiers_count"\n',
    "orders": '"id";"client_uniq_id";"client_type";"create_date_time";"finish_date_time";'
    '"order_status";"revenue";"cost";"currency";"goals";"products";"items_count"\n',
}


LIMITS = Limits()


@dataclass(frozen=True)
class Table:
    """One mart's staging tables, and what is made of them."""

    session: Session
    mart: Mart

    def stage(self, *rows: Mapping[str, Any], problems: tuple[int, ...] = (), **types: str) -> None:
        """Stage rows; those at the places of `problems` cannot be sent.

        `types` are columns of another type than the mart's.
        """
        wh, mart = self.session.wh, self.mart.name
        columns = COLUMNS[mart] | OWN.get(mart, {}) | types
        typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        wh.run(
            f"create or replace table staged_{mart} "
            f"(_id text, _hash text, _updated_at timestamptz, {typed})"
        )
        cells: list[object] = []
        for row in rows:
            key, moment = row[KEYS[mart]], row.get("_updated_at", "2026-01-01 00:00:00+00")
            cells += [key, f"hash of {key}", moment, *map(row.get, columns)]
        marks = f"({', '.join('?' * (len(columns) + 3))})"
        if rows:
            wh.run(f"insert into staged_{mart} values {', '.join([marks] * len(rows))}", cells)
        wh.run(f"create or replace table problems_{mart} (_row bigint)")
        wh.run(
            f"create or replace table delivered_state_{mart} "
            "(_row bigint, _delivered boolean, _status text, _step integer, _created timestamp)"
        )
        wh.run(
            f"create or replace table steps_{mart} (_row bigint, _before integer, _pending text[])"
        )
        for place in problems:
            wh.run(f"insert into problems_{mart} values ({place})")

    def files(self, limits: Limits) -> list[tuple[Chunk, File]]:
        """Lay the staged rows out, cut and write them."""
        wh, mart, staged = self.session.wh, self.mart, self.staged(limits)
        chunks, too_large = self.cut(limits)
        for place in too_large:
            wh.run(f"insert into problems_{mart.name} values ({place})")
        folder = self.session.staging
        return [
            (c, write_csv(wh, mart, cells(staged, mart.columns, 1, c), folder / f"{c.first}.csv"))
            for c in chunks
        ]

    def cut(self, limits: Limits) -> tuple[list[Chunk], list[int]]:
        """Return the chunks, and the places of rows that are too large for any."""
        return cut(self.session.wh, self.staged(limits))

    def staged(self, limits: Limits = LIMITS) -> StagedMart:
        """Return the mart as a run would have staged it."""
        delta = Delta(self.mart, 0, 0, 0, 0, None)
        now = "timestamp '2026-11-01 00:00:00'"
        return StagedMart(self.mart, delta, 1, limits, Form(), {}, now=now)

    def rows(self, part: Chunk | None = None) -> str:
        """Return the query of the sendable rows."""
        return rows(self.staged(), 1, part)

    def text(self) -> str:
        """Return the rows of the one file, without its header."""
        ((_, file),) = self.files(Limits())
        written = file.path.read_bytes().decode("utf-8")
        header = HEADER[self.mart.name]
        assert written.startswith(header)
        return written.removeprefix(header)

    def too_large(self, limits: Limits) -> list[str]:
        """Return the ids of rows that no file can hold; before `files`, which sets them aside."""
        _, places = self.cut(limits)
        found = self.session.wh.rows(
            f"select _id from staged_{self.mart.name} where list_contains(?, rowid) order by rowid",
            [places],
        )
        return [identifier for (identifier,) in found]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    made = make_marts(tmp_path_factory.mktemp("marts"), None)
    with open_session(DbtSettings(made.folder, made.folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def contacts(session: Session) -> Table:
    return Table(session, session.marts.get("contacts"))


@pytest.fixture(scope="module")
def orders(session: Session) -> Table:
    return Table(session, session.marts.get("orders"))


# The bytes.


def test_chunks_contact_is_written_cell_by_cell(contacts: Table) -> None:
    contacts.stage(
        {
            "uniq_id": "c1",
            "name": 'Анна "Ли", 1; 2',
            "create_date_time": "2026-01-02 03:04:05",
            "birth_date": "1984-02-29",
            "client_ids": "12345678910,10987654321",
            "emails": "mail@example.com,mail2@example.com",
            "phones": "79995551111",
            "emails_md5": "3c56ff8fef0f6c65b36b2d25720fe276",
            "phones_md5": "f09f2c3d48f31e2a802944ade2e5aec5",
            "identifiers_count": 5,
        }
    )
    assert contacts.text() == (
        '"c1","Анна ""Ли"", 1; 2","2026-01-02 03:04:05","1984-02-29",'
        '"12345678910,10987654321","mail@example.com,mail2@example.com","79995551111",'
        '"3c56ff8fef0f6c65b36b2d25720fe276","f09f2c3d48f31e2a802944ade2e5aec5","5"\n'
    )


def test_chunks_order_is_written_cell_by_cell(orders: Table) -> None:
    orders.stage(
        {
            "id": "J3QQ4;1",
            "client_uniq_id": "c1",
            "client_type": "CONTACT",
            "create_date_time": "2020-06-11 12:30:00",
            "finish_date_time": "2020-06-12 00:00:00",
            "order_status": "PAID",
            "revenue": "43089.54",
            "cost": "0",
            "currency": "RUB",
            "goals": "oplata_cash:200,filial_1",
            "products": "p1:1,p2:2",
            "items_count": 3,
        }
    )
    assert orders.text() == (
        '"J3QQ4;1";"c1";"CONTACT";"2020-06-11 12:30:00";"2020-06-12 00:00:00";"PAID";"43089.54";'
        '"0.00";"RUB";"oplata_cash:200,filial_1";"p1:1,p2:2";"3"\n'
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_chunks_write_absent_value_as_empty_cell_without_quotes(
    contacts: Table, nothing: str | None
) -> None:
    contacts.stage({"uniq_id": "c1", "name": nothing, "emails": nothing})
    assert contacts.text() == '"c1",,,,,,,,,\n'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("one\ntwo", "one two"),
        ("one\r\n\r\ntwo\tthree", "one two three"),
        ("  one  two  ", "one  two"),
        ("\n", None),
        ("   ", None),
        ('"', '""'),
        ('""', '""""'),
        ("a\\", "a\\"),
        ("NULL", "NULL"),
        ("\\N", "\\N"),
        ("=1+1", "=1+1"),
        ("e\u0301 😀 \u200f", "e\u0301 😀 \u200f"),
        ("0", "0"),
    ],
)
def test_chunks_text_is_one_line_and_otherwise_itself(
    contacts: Table, value: str, written: str | None
) -> None:
    contacts.stage({"uniq_id": "c1", "name": value})
    cell = "" if written is None else f'"{written}"'
    assert contacts.text() == f'"c1",{cell},,,,,,,,\n'


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("numeric(18,2)", "0", "0.00"),
        ("numeric(18,2)", "-1.5", "-1.50"),
        ("numeric(18,2)", "9999999999999999.99", "9999999999999999.99"),
        ("numeric(18,4)", "0.0001", "0.0001"),
        ("double", "0.1", "0.1"),
        ("double", "1000000", "1000000.0"),
        ("integer", "1000000", "1000000"),
        ("bigint", "-9223372036854775808", "-9223372036854775808"),
        (
            "hugeint",
            "170141183460469231731687303715884105727",
            "170141183460469231731687303715884105727",
        ),
    ],
)
def test_chunks_number_has_a_dot_and_no_separators(
    orders: Table, kind: str, value: str, written: str
) -> None:
    orders.stage({"id": "1", "revenue": value}, revenue=kind)
    assert orders.text() == f'"1";;;;;;"{written}";;;;;\n'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("1970-01-01 00:00:00", "1970-01-01 00:00:00"),
        ("9999-12-31 23:59:59.999999", "9999-12-31 23:59:59"),
        ("2026-03-29 02:30:00", "2026-03-29 02:30:00"),
    ],
)
def test_chunks_time_is_the_marts_own_without_fractions_or_zone(
    orders: Table, value: str, written: str
) -> None:
    orders.stage({"id": "1", "create_date_time": value})
    assert orders.text() == f'"1";;;"{written}";;;;;;;;\n'


def test_chunks_file_is_described_by_its_bytes(contacts: Table) -> None:
    contacts.stage({"uniq_id": "c1", "name": "Ж"})
    ((_, file),) = contacts.files(Limits())
    content = file.path.read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert file.size == len(content)
    assert file.sha256 == hashlib.sha256(content).hexdigest()


# The cuts.


def test_rows_with_problems_do_not_go(contacts: Table) -> None:
    contacts.stage({"uniq_id": "a"}, {"uniq_id": "never"}, {"uniq_id": "b"}, problems=(1,))
    written = [line.split(",")[0].strip('"') for line in contacts.text().splitlines()]
    assert sorted(written) == ["a", "b"]


def test_nothing_to_send_is_no_file(contacts: Table) -> None:
    contacts.stage()
    assert contacts.files(Limits()) == []
    contacts.stage({"uniq_id": "a"}, problems=(0,))
    assert contacts.files(Limits()) == []


@pytest.mark.parametrize(
    ("rows", "limit", "expected"),
    [
        (1, 1, [(1, 1)]),
        (3, 1, [(1, 1), (2, 2), (3, 3)]),
        (4, 2, [(1, 2), (3, 4)]),
        (5, 2, [(1, 2), (3, 4), (5, 5)]),
        (5, 5, [(1, 5)]),
        (5, 6, [(1, 5)]),
    ],
)
def test_files_are_full_to_their_limit_of_rows(
    contacts: Table, rows: int, limit: int, expected: list[tuple[int, int]]
) -> None:
    contacts.stage(*({"uniq_id": str(i)} for i in range(rows)))
    found = [chunk for chunk, _ in contacts.files(Limits(chunk_rows=limit))]
    assert found == [
        Chunk(first=first - 1, last=last - 1, rows=last - first + 1) for first, last in expected
    ]


def random_row(random: Random, number: int, largest: int) -> dict[str, Any]:
    """Return an order with cells of any length and content; some are too large to go."""
    alphabet = random.choice(['a"', "ж;,", ' \n"', "😀\t", "x"])

    def text() -> str | None:
        length = random.choice([0, 1, random.randrange(40), random.randrange(largest)])
        return random.choice([None, "".join(random.choices(alphabet, k=length))])

    return {
        "id": f"{number:04}",
        "client_uniq_id": text(),
        "goals": text(),
        "products": text(),
        "revenue": random.choice([None, "1.5"]),
        "items_count": number,
        "_updated_at": random.choice([None, f"2026-01-0{random.randrange(1, 10)} 00:00:00+00"]),
    }


@pytest.mark.parametrize("seed", range(25))
def test_no_file_passes_a_limit_and_every_row_goes_once(orders: Table, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - rows, not secrets
    limits = Limits(chunk_rows=random.randrange(1, 40), chunk_bytes=random.randrange(1_000, 3_000))
    largest = random.choice([10, 100, 400])
    rows = [random_row(random, i, largest) for i in range(random.randrange(1, 150))]
    orders.stage(*rows)
    too_large = set(orders.too_large(limits))
    files = orders.files(limits)
    ordered = sorted(
        (row for row in rows if row["id"] not in too_large),
        key=lambda row: row["id"],
    )
    written = []
    for chunk, file in files:
        assert file.size <= limits.chunk_bytes
        assert 1 <= chunk.rows <= limits.chunk_rows
        with file.path.open(encoding="utf-8", newline="") as source:
            lines = list(csv.DictReader(source, delimiter=";"))
        assert len(lines) == chunk.rows
        written += lines
    written.sort(key=lambda line: line["id"])
    assert [line["id"] for line in written] == [row["id"] for row in ordered]
    for line, row in zip(written, ordered, strict=True):
        for column in ("client_uniq_id", "goals", "products"):
            assert line[column] == (row[column] or "")
    for row in rows:
        if row["id"] in too_large:
            assert size_alone(row) > limits.chunk_bytes - SLACK


SLACK = 2 * len(COLUMNS["orders"])
"""An empty cell is counted as if it had quotes."""


def size_alone(row: Mapping[str, Any]) -> int:
    """Return the bytes of a file with this row alone, made by Python."""
    money = row["revenue"] and f"{float(row['revenue']):.2f}"
    # A separator or the line's end after each cell.
    size = len(HEADER["orders"].encode()) + len(COLUMNS["orders"])
    for column in COLUMNS["orders"]:
        cell = {**row, "revenue": money}.get(column)
        if cell not in {None, ""}:
            size += len(str(cell).replace('"', '""').encode()) + 2
    return size


def full_contact(identifier: str, name: str) -> dict[str, Any]:
    """Return a contact without an empty cell, whose size in the file is known to the byte."""
    others = dict.fromkeys(COLUMNS["contacts"], "1")
    times = {"create_date_time": "2026-01-02 03:04:05", "birth_date": "1984-02-29"}
    return others | times | {"uniq_id": identifier, "name": name}


def test_chunks_row_that_fills_a_file_to_the_byte_goes_and_one_byte_more_does_not(
    contacts: Table,
) -> None:
    limits = Limits(chunk_bytes=1_000)
    contacts.stage(full_contact("1", "x"))
    ((_, small),) = contacts.files(Limits())
    room = 1_000 - small.size
    contacts.stage(full_contact("1", "x" * (1 + room)), full_contact("2", "x" * (2 + room)))
    assert contacts.too_large(limits) == ["2"]
    ((chunk, file),) = contacts.files(limits)
    assert (chunk, file.size) == (Chunk(first=0, last=0, rows=1), 1_000)


def test_quotes_and_letters_count_as_the_bytes_they_become(contacts: Table) -> None:
    limits = Limits(chunk_bytes=1_000)
    contacts.stage(full_contact("1", "x"))
    ((_, small),) = contacts.files(Limits())
    room = 1_000 - small.size + 1
    for unit, size in (('"', 2), ("ж", 2), ("😀", 4)):
        contacts.stage(full_contact("1", unit * (room // size)))
        ((_, file),) = contacts.files(limits)
        assert 1_000 - size < file.size <= 1_000
        contacts.stage(full_contact("1", unit * (room // size + 1)))
        assert contacts.too_large(limits) == ["1"]
        assert contacts.files(limits) == []


def test_chunks_row_too_large_for_a_chunk_is_held_until_chunks_are_larger(tmp_path: Path) -> None:
    made = make_marts(tmp_path, None)
    made.contacts("small")
    made.contacts("large", name="x" * 2_000)
    flags = [*made.flags, "--only", "contacts", "--chunk-bytes", "1000"]
    shown = CliRunner().invoke(cli, ["plan", *flags], env={"METRICA_COUNTER_ID": "1"})
    assert shown.exit_code == 0
    assert "row_too_large" in shown.stdout
    assert "1 + 0 + 0 + 1 = 2" in shown.stdout


# The halves.


@pytest.mark.parametrize("rows", [2, 3, 4, 7, 500])
def test_halves_are_the_whole_and_differ_by_one_row_at_most(contacts: Table, rows: int) -> None:
    problems = tuple(place for place in range(3 * rows) if place % 3)
    contacts.stage(*({"uniq_id": str(i)} for i in range(3 * rows)), problems=problems)
    (whole,) = contacts.cut(Limits())[0]
    left, right = halves(contacts.session.wh, contacts.staged(), 1, whole)
    assert (whole.rows, left.first, right.last) == (rows, whole.first, whole.last)
    assert right.first > left.last
    assert left.rows - right.rows in {0, 1}
    assert left.rows + right.rows == rows


def test_halving_ends_with_each_row_alone(contacts: Table) -> None:
    contacts.stage(*({"uniq_id": str(i)} for i in range(37)), problems=(0, 5, 6, 36))
    waiting, alone = contacts.cut(Limits())[0], []
    while waiting:
        chunk = waiting.pop(0)
        if chunk.rows == 1:
            assert chunk.first == chunk.last
            alone.append(chunk.first)
        else:
            waiting[:0] = halves(contacts.session.wh, contacts.staged(), 1, chunk)
    assert alone == [place for place in range(37) if place not in {0, 5, 6, 36}]
