"""Values on their way from a mart to Metrica: none is changed, and none shows in an error."""

from pathlib import Path

import duckdb
import pytest
from metrica_export.commands.status import status
from metrica_export.delta.delta import Scope
from metrica_export.delta.detection import find_delta
from metrica_export.errors import WarehouseError
from metrica_export.ledger.reader import Ledger
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.contract import check_relation
from metrica_export.warehouse.error_text import explain
from metrica_export.warehouse.session import open_session
from metrica_export.warehouse.sql import array, data

from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.marts_fixture import MartsWarehouse, make_marts
from tests.support.postgres_fixture import RunningPostgres

PERSON = "anna@example.com"
NASTY = ["a'b", "⟦wh⟧", "\\", "a\x00b", "", "\x02", "я\x01", "p" * 100_000, "$1", "%s", '"']
"""Ids that would break a statement, or a separator."""


# Ids and hashes in SQL.


@pytest.mark.parametrize(
    "texts", [NASTY, [], ["a\x00b"], ["\x01\x02", "z"], ["", ""]], ids=lambda texts: str(len(texts))
)
def test_array_holds_the_texts_and_the_sql_none_of_their_characters(texts: list[str]) -> None:
    sql = array([text.encode().hex() for text in texts], postgres=False)
    assert sql.isascii()
    assert sql.isprintable()
    assert PERSON not in sql
    with duckdb.connect() as con:
        assert con.execute(f"select {sql}").fetchall() == [(texts,)]


def test_array_is_read_by_postgresql_too(pg_database: Database) -> None:
    texts = [text for text in NASTY if "\0" not in text]
    with pg_database.connect() as con, con.cursor() as cursor:
        for some in (texts, texts[:1], [], ["\x01\x02", "z"]):
            cursor.execute(f"select {array([t.encode().hex() for t in some], postgres=True)}")
            assert cursor.fetchone() == (some,)
        cursor.execute(f"select {data(texts[0], postgres=True)}")
        assert cursor.fetchone() == (texts[0],)


def test_run_rejects_an_id_and_a_hash_with_nul_and_the_next_run_works(
    tmp_path: Path, running_emulator: RunningEmulator
) -> None:
    running_emulator.reset()
    job = Job(make_marts(tmp_path, None), running_emulator)
    job.marts.contacts("c1", "c2", "c'3⟦wh⟧\\")
    job.marts.sql("update metrica.contacts set uniq_id = 'a' || chr(0) || 'b' where uniq_id = 'c1'")
    job.marts.sql("update metrica.contacts set row_hash = chr(0) where uniq_id = 'c2'")
    for sent in (1, 0):
        outcome = job.run(("contacts",))
        assert outcome.error is None
        assert (outcome.entities["contacts"].sent, outcome.entities["contacts"].rejected) == (
            sent,
            2,
        )
    assert job.states("contacts")["a\0b"] == ("rejected", "id_malformed")
    assert job.states("contacts")["c2"] == ("rejected", "hash_malformed")


# What PostgreSQL holds and DuckDB cannot read.


def staged(
    marts: MartsWarehouse, mart: str, column: str, condition: str | None = None
) -> dict[str, str | None]:
    """Return id → a column's text of the staged rows that the condition selects."""
    filters = () if condition is None else ((mart, condition),)
    with open_session(DbtSettings(marts.folder, marts.folder, filters=filters)) as session:
        ledger = Ledger(session.wh, 1)
        scope = Scope(everything=True, with_watermark=True)
        find_delta(session.wh, ledger, session.marts.get(mart), scope)
        return dict(session.wh.rows(f"select _id, cast({column} as text) from staged_{mart}"))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("numeric(18,2)", {"NaN": "NaN", "1.5": "1.50"}),
        ("numeric", {"Infinity": "Infinity", "-Infinity": "-Infinity", "NaN": "NaN"}),
        ("numeric", {"12345678901234567.89": "12345678901234567.89", "1": "1"}),
        ("numeric(50,2)", {"NaN": "NaN", "12345678901234567.89": "12345678901234567.89"}),
        ("numeric(5,-2)", {"12300": "12300"}),
        ("numeric(3,5)", {"0.00123": "0.00123"}),
        ("amount", {"NaN": "NaN", "1.5": "1.50"}),
        ("double precision", {"NaN": "nan", "Infinity": "inf"}),
        ("numeric(18,2)", {"2.5": "2.50"}),
    ],
)
def test_mart_source_reads_a_number_of_postgresql_as_it_is(
    tmp_path: Path, pg_database: Database, kind: str, values: dict[str, str]
) -> None:
    marts = make_marts(tmp_path, pg_database)
    marts.sql("create domain amount as numeric(10,2)")
    marts.sql(f"alter table metrica.orders alter revenue type {kind}")
    for place, value in enumerate(values):
        marts.orders(str(place), revenue=value)
    expected = {str(place): text for place, text in enumerate(values.values())}
    assert staged(marts, "orders", "revenue") == expected
    assert staged(marts, "orders", "revenue", "id = '0'") == {"0": expected["0"]}


def test_run_rejects_numbers_and_dates_that_no_file_can_hold(
    tmp_path: Path, running_emulator: RunningEmulator, pg_database: Database
) -> None:
    running_emulator.reset()
    job = Job(make_marts(tmp_path, pg_database), running_emulator)
    job.marts.contacts("c1")
    job.marts.contacts("c2", birth_date="5874897-12-31")
    job.marts.contacts("c3", create_date_time="294276-12-31 23:59:59")
    job.marts.contacts("c4", birth_date="4714-11-24 BC")
    job.marts.orders("o1")
    job.marts.orders("o2", revenue="NaN")
    assert job.sent() == {"contacts": 1, "orders": 1}
    # What changes later is looked up by its id.
    job.marts.orders("o1", cost="NaN", updated_at="2026-11-03 00:00:00+00")
    outcome = job.run()
    assert (outcome.error, outcome.entities["orders"].rejected) == (None, 2)
    found = job.marts.sql(
        "select id, column_name, reason from metrica_export.ledger_verdicts order by 1"
    )
    assert found == [
        ("c2", "birth_date", "date_out_of_range"),
        ("c3", "create_date_time", "date_out_of_range"),
        ("c4", "birth_date", "date_out_of_range"),
        ("o1", "cost", "number_malformed"),
        ("o2", "revenue", "number_malformed"),
    ]
    assert job.held_by_metrica("orders", "revenue") == {"o1": 100.5}


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_status_counts_windows_beside_a_date_beyond_every_window(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    database = request.getfixturevalue("pg_database") if kind == "postgres" else None
    marts = make_marts(tmp_path, database)
    marts.orders("o1")
    last = "294246-12-31 23:59:59" if kind == "duckdb" else "294276-12-31 23:59:59"
    marts.orders("o2", create_date_time=last)
    states, _ = status(DbtSettings(marts.folder, marts.folder), 1)
    assert states["orders"]["rows"] == 2


def test_check_relation_names_columns_that_differ_in_case(
    tmp_path: Path, pg_database: Database
) -> None:
    marts = make_marts(tmp_path, pg_database)
    marts.sql('alter table metrica.contacts rename name to "Name"')
    settings = DbtSettings(marts.folder, marts.folder)
    with open_session(settings) as session:
        contacts = session.marts.get("contacts")
        with pytest.raises(WarehouseError, match="has no column name,"):
            check_relation(session.wh, contacts)
    marts.sql("alter table metrica.contacts add name text")
    with open_session(settings) as session, pytest.raises(WarehouseError) as caught:
        check_relation(session.wh, contacts)
    assert str(caught.value).startswith(
        'Mart metrica.contacts has the columns "Name" and "name", which DuckDB cannot tell apart'
    )


def test_text_of_a_database_in_another_encoding_arrives_as_it_is(
    tmp_path: Path, postgres: RunningPostgres
) -> None:
    database = postgres.database("cyrillic", encoding="WIN1251")
    marts = make_marts(tmp_path, database)
    marts.contacts("клиент", name="Анна")
    assert staged(marts, "contacts", "name") == {"клиент": "Анна"}
    postgres.drop(database)


# Errors.


@pytest.mark.parametrize(
    "query",
    [
        f"select '{PERSON}\0'",
        f"select '{PERSON}",
        f"select cast('{PERSON}' as int)",
        f"select '{PERSON}'.a.b",
        f"select strptime('{PERSON}', '%Y')",
        f"select error('{PERSON}')",
        f"select cast('{PERSON}' as date)",
    ],
)
def test_explain_shows_no_literal_of_duckdb(query: str) -> None:
    with duckdb.connect() as con, pytest.raises(duckdb.Error) as caught:
        con.execute(query)
    assert PERSON in str(caught.value)
    assert "anna" not in explain(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        f'Failed to prepare query "select \'{PERSON}\'": ERROR:  column "x" does not exist\nLINE 1',
        f'Failed to execute query "x {PERSON}": ERROR:  invalid input syntax: "{PERSON}"',
        f'Failed to execute query "x": ERROR:  malformed "a"{PERSON}"',
    ],
)
def test_explain_shows_no_literal_of_postgresql(said: str) -> None:
    for kind in (duckdb.BinderException, duckdb.IOException, duckdb.Error):
        assert "anna" not in explain(kind(said))


def test_explain_names_what_postgresql_does_not_have() -> None:
    said = 'Failed to prepare query "select 1": ERROR:  relation "crm.t" does not exist\nLINE 1: x'
    assert explain(duckdb.BinderException(said)) == (
        'Failed to prepare query: relation "crm.t" does not exist.'
    )
