"""Three CRMs in DuckDB: the demo's, the ends of random histories, and hostile texts."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain

import duckdb
import pyarrow as pa
from metrica_export.demo.crm import create

from tests.dbt import crm, phone_spellings
from tests.dbt.crm_life import CrmLife

HISTORIES = 2_000
DAYS = 2
_LIFE = {"contacts": 3, "orders": 5, "products": 2, "changes_a_day": 15}

# Line breaks before which Java's `$` matches, blanks, and characters that nobody sees.
_ENDS = ("\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\xa0", "\u2002", "\u200b", "\ufeff")
_QUOTES = ("O'Brien", "''", "\\", "back\\slash\\n", '"quo""te"', "100%s", "${spark.master}", "a`b")
_NUMBERS = (
    *("12", " 12.345 ", "+7", "-0.005", "1e3", "1.5e-3", "5e-16", "1.23456789012345678e15", "1e99"),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "1,5",
        "",
        "0.005",
        "2.675",
        "1.",
        ".5",
        "1_000",
        "٣",
        "1e16",
    ),
    *("9999999999999999.994", "9999999999999999.995", "99999999999999999999", "12\n", "1\u2028"),
)
_CELLS = (
    '["+7 999 555-11-11", "8 (999) 555-11-12", null]',
    '[{"VALUE": "+7 999 555-11-13", "VALUE_TYPE": "WORK"}, {"value": "+79995551114"}]',
    '{"number": "8 999 555-11-15"}',
    '"a\\u0040example.com"',
    '["x@example.com", "\\"Li, Anna\\" <li@example.com>"]',
    "{+7 999 555-11-16,NULL}",
    "[1, 2.50, true, {}]",
    "{not json",
    "1,6789E+18; 1678901234567890123",
    "'1678901234567890123\r\n",
    '="1678901234567890123"',
    "1.6789e+18",
)


def fill_demo(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the demo's CRM."""
    create(connection, now=datetime(2026, 11, 27, 12, tzinfo=UTC), contacts=2_000)


def fill_histories(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the last states of many random histories, each with ids of its own."""
    for statement in (*crm.TABLES, *crm.HISTORY[:1]):
        connection.execute(statement)
    names = connection.sql(
        "select table_name from duckdb_tables() where schema_name = 'crm'"
    ).fetchall()
    columns = {name: connection.table(f"crm.{name}").columns for (name,) in names}
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in columns}
    # SQLite needs a tenth of DuckDB's time for small statements.
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as one:
        one.execute("attach ':memory:' as crm")
        for name, its_columns in columns.items():
            one.execute(f"create table crm.{name} ({', '.join(its_columns)})")
        for seed in range(HISTORIES):
            life = CrmLife(seed, **_LIFE)
            days = (life.next_day() for _ in range(DAYS))
            for statement in (*life.first_day(), *chain.from_iterable(days)):
                one.execute(re.sub(r"cast\(('[^']*') as timestamptz\)", r"\1", statement))
            for name, its_columns in columns.items():
                rows[name] += one.execute(
                    f"select {_with_own_ids(its_columns, seed)} from crm.{name}"
                )
                one.execute(f"delete from crm.{name}")
    for name, its_columns in columns.items():
        texts = zip(*(map(_text_or_none, row) for row in rows[name]), strict=True)
        _insert(
            connection, f"{name} select *", **dict(zip(its_columns, map(list, texts), strict=True))
        )


def fill_hostile(connection: duckdb.DuckDBPyConnection) -> None:
    """Write a CRM of texts and of times without a zone, with all that engines read apart."""
    connection.execute("create schema crm")
    connection.execute(
        """create table crm.contacts (
            contact_id text, full_name text, email text, phone text, metrica_client_id text,
            birth_date text, created_at timestamp, updated_at timestamp
        );
        create table crm.contact_identifiers (
            contact_id text, kind text, value text, updated_at timestamp
        );
        create table crm.orders (
            order_id double, contact_id text, status text, created_at timestamp,
            updated_at timestamp, finished_at timestamp, revenue text, cost double, currency text,
            goals text
        );
        create table crm.order_items (
            order_id double, product_id text, quantity text, updated_at timestamp
        );
        create table crm.products (product_id text, name text, updated_at timestamp);
        create table crm.order_status_history (
            order_id double, status text, changed_at timestamp
        )"""
    )
    names = [*_every_character(), *_QUOTES, *(f"{end}name{end}" for end in _ENDS), "", " "]
    _insert(
        connection,
        "contacts (contact_id, full_name, updated_at) select id, text, timestamp '2026-01-01'",
        id=[f"name-{n:06}" for n in range(len(names))],
        text=names,
    )
    cells = list(_identifier_cells())
    _insert(
        connection,
        "contacts (contact_id, email, phone, metrica_client_id) select id, cell, cell, cell",
        id=[f"cell-{n:06}" for n in range(len(cells))],
        cell=cells,
    )
    connection.execute(
        """insert into crm.contacts (contact_id, birth_date, created_at, updated_at)
        select 'time-' || epoch(time)::bigint, case epoch(time)::bigint % 3 when 0 then time::text
            when 1 then time::date::text || 'T00:00:00' else '2026-02-3' || minute(time) // 30 end,
            time, time + interval '1.000001 seconds'
        from (
            select unnest(range(timestamp '2025-10-20', '2025-11-08', interval '30 minutes'))
            union all
            select unnest(range(timestamp '2026-03-01', '2026-04-02', interval '30 minutes'))
            union all
            select unnest(range(timestamp '1890-01-01', '2100-01-01', interval '97 hours'))
        ) as times (time)"""
    )
    connection.executemany(
        "insert into crm.orders values"
        " ($1, $2, $3, '2026-10-25 02:30:00', '2026-10-25 02:30:00.5', null, $4, $5, $3, $3)",
        [
            (float(n), f"name-{n:06}", text, number, (-1) ** n * (n + 0.005) / 3)
            for n, (text, number) in enumerate(
                _pairs((*_QUOTES, "paid", " NEW ", "рубли"), _NUMBERS)
            )
        ],
    )
    products = [
        *_QUOTES,
        *(f"p{end}" for end in _ENDS),
        "p-1",
        "md5-" + "0" * 32,
        "x" * 256,
        "Ё",
    ]
    connection.executemany(
        "insert into crm.products values (?, ?, null)", [(name, name) for name in products]
    )
    connection.executemany(
        "insert into crm.order_items values (?, ?, ?, '2026-03-29 02:30:00')",
        [
            (float(n % 50), product, number)
            for n, (product, number) in enumerate(_pairs([*products, ""], _NUMBERS))
        ],
    )
    connection.execute(
        """insert into crm.order_status_history
        select order_id, statuses.status, created_at + interval (place || ' hours')
        from crm.orders
        cross join (values ('new', 1), ('Paid', 2), ('O''Brien', 2)) as statuses (status, place)"""
    )


def _insert(connection: duckdb.DuckDBPyConnection, target: str, **columns: list[str]) -> None:
    rows = pa.table(columns)  # noqa: F841 -- DuckDB finds it by its name
    connection.execute(f"insert into crm.{target} from rows")


def _with_own_ids(columns: list[str], seed: int) -> str:
    renamed = {
        "contact_id": f"'{seed}-' || contact_id",
        "product_id": f"'{seed}-' || product_id",
        "order_id": f"order_id + {seed * 1000}",
    }
    return ", ".join(renamed.get(name, name) for name in columns)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _every_character() -> Iterator[str]:
    """Yield texts that together have every character of Unicode, most of them inside the text."""
    characters = [chr(n) for n in range(1, 0x110000) if not 0xD800 <= n <= 0xDFFF]
    for start in range(0, len(characters), 256):
        yield "a" + "".join(characters[start : start + 256]) + "b"
    # Alone and at the ends: the characters of the first plane that may be blank.
    yield from (c for c in characters if c.isspace())
    yield from (f"{c}x{c}" for c in characters[:0x3100])


def _identifier_cells() -> Iterator[str]:
    for text in ("Anna@Example.com", "8 999 555-11-11", "1678901234567890123", "999 555 11 11"):
        yield text
        yield from (text + end for end in _ENDS)
        yield from (end + text for end in _ENDS)
    yield from (*_CELLS, *_QUOTES, *_NUMBERS)
    yield from phone_spellings.all_cells()


def _pairs(
    first: tuple[str, ...] | list[str], second: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    return ((a, b) for a in first for b in second)
