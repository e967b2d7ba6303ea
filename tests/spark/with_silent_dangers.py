"""Expressions and defaults with which Spark would change the marts without an error."""

from typing import Any

import duckdb
import pytest

from tests.dbt import crm
from tests.spark.fixtures import NO_TESTS, Pair, Pairs
from tests.spark.lake import Lake


def rows(pair: Pair, schema: str, table: str, query: str) -> list[tuple[Any, ...]]:
    """Query a table of Iceberg, which is called `rows` in the query."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.register("rows", pair.lake.read(f"{pair.name}_{schema}", table))
        return connection.sql(query).fetchall()


@pytest.mark.parametrize("blank", ["\u2002", "\xa0", "\u3000", "\u2028"])
def test_spark_strips_blanks_beyond_ascii(hostile: Pair, blank: str) -> None:
    found = rows(hostile, "metrica", "contacts", "select name from rows where uniq_id >= 'name'")
    names = {name for (name,) in found}
    assert f"{blank}x{blank}" not in names
    assert "x" in names


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"])
def test_spark_pattern_end_is_not_before_a_last_line_break(pairs: Pairs, end: str) -> None:
    """The e-mail and the product name go through the macro `matches`."""
    pair = _small(pairs)
    [(found,)] = _shown(
        pair,
        "{{ matches(_literal('id' ~ '"
        + end.encode("unicode_escape").decode()
        + "'), '^[a-z]+$') }}",
    )
    assert found is False


def test_spark_pattern_keeps_brackets_in_sets(pairs: Pairs) -> None:
    pair = _small(pairs)
    [(kept, replaced)] = _shown(
        pair,
        "{{ matches(\"'[a]'\", '^[][a]+$') }}",
        "{{ replaced(\"'a&&b.c$d'\", '[&a-z&&]+(.)', '<\\\\1>') }}",
    )
    assert (kept, replaced) == (True, "<.><$>d")


def test_spark_takes_the_second_of_a_doubled_hour(hostile: Pair) -> None:
    found = rows(
        hostile,
        "metrica",
        "orders",
        "select distinct create_date_time, updated_at from rows where items_count = 0",
    )
    # 02:30 in Berlin is 00:30Z in summer time and 01:30Z in standard time.
    assert "2026-10-24 21:30:00" in {str(created) for created, _ in found}


def test_spark_reads_numbers_with_an_exponent_as_duckdb(hostile: Pair) -> None:
    found = rows(hostile, "metrica", "orders", "select distinct revenue::text from rows")
    assert {"1000.00", "0.00", "2.68", "1234567890123456.80"} <= {text for (text,) in found}


def test_spark_seed_keeps_empty_cells_quotes_and_line_breaks(pairs: Pairs) -> None:
    pair = pairs.make("seeds")
    (pair.project / "seeds/order_status_map.csv").write_text(
        "crm_status,id,type,humanized,goal_action_ids\n"
        'O\'Brien,new,IN_PROGRESS,"back\\slash 100%s ""quo""",\n'
        "it''s,it,PAID,\"two\nlines ${spark.master} 🙂\",a\n",
        "utf-8",
    )
    outcome = pair.on_spark("seed", "--select", "order_status_map")
    assert outcome.success, outcome.complaints
    assert rows(pair, "metrica_work", "order_status_map", "from rows order by id") == [
        ("it''s", "it", "PAID", "two\nlines ${spark.master} 🙂", "a"),
        ("O'Brien", "new", "IN_PROGRESS", 'back\\slash 100%s "quo"', None),
    ]


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("spark.sql.session.timeZone", "Europe/Moscow", "(its zone is Europe/Moscow)"),
        ("spark.sql.variable.substitute", "true", 'spark.sql.variable.substitute: "false"'),
        ("spark.sql.parser.escapedStringLiterals", "true", 'escapedStringLiterals: "false"'),
    ],
)
def test_spark_session_with_a_dangerous_setting_stops_the_build(
    pairs: Pairs, lake: Lake, setting: str, value: str, message: str
) -> None:
    pair = _small(pairs)
    lake.settings[setting] = value
    try:
        outcome = pair.on_spark("build", *NO_TESTS)
    finally:
        lake.settings[setting] = {"spark.sql.session.timeZone": "UTC"}.get(setting, "false")
        assert pair.on_spark("seed").success
    assert not outcome.success
    assert message in outcome.complaints
    assert setting in outcome.complaints


def test_spark_literal_keeps_quotes_and_backslashes(pairs: Pairs) -> None:
    pair = _small(pairs)
    [(text,)] = _shown(pair, "{{ _literal(\"it's '' \\\\n ${spark.master}\") }}")
    assert text == "it's '' \\n ${spark.master}"


def test_spark_null_in_a_not_null_column_stops_the_build_and_keeps_the_mart(pairs: Pairs) -> None:
    pair = pairs.make("nulls")
    pair.fill(_one_contact)
    assert pair.on_spark("build", *NO_TESTS).success
    pair.fill(lambda connection: connection.execute("update crm.contacts set contact_id = null"))
    outcome = pair.on_spark("build", *NO_TESTS)
    assert not outcome.success
    assert (
        "Column uniq_id of nulls_metrica.contacts has the constraint not_null" in outcome.complaints
    )
    assert rows(pair, "metrica", "contacts", "select uniq_id from rows") == [("C-1",)]


@pytest.mark.parametrize(
    ("keys", "repeated"),
    [
        ("('x', null), (null, 'x'), ('y', 'y')", 0),
        ("('x', null), (null, 'x'), ('x', null)", 1),
        ("('x', null), ('x', 'x')", 0),
    ],
)
def test_spark_key_test_is_not_misled_by_hashes_that_skip_null(
    pairs: Pairs, keys: str, repeated: int
) -> None:
    [(found,)] = _shown(
        _small(pairs),
        "count(*)",
        source="({{ repeated_keys('keys', ['a', 'b'], may_be_null=true) }})",
        before=f"with keys as (select * from values {keys} as t(a, b)) ",
    )
    assert found == repeated


def test_spark_checksum_does_not_overflow(pairs: Pairs) -> None:
    pair = _small(pairs)
    [(total,)] = _shown(
        pair,
        "sum({{ _hash_number('row_hash') }})",
        source="(select repeat('f', 32) as row_hash from range(100))",
    )
    assert int(total) == 100 * (2**60 - 1)


def test_spark_package_without_dispatch_stops_the_build(pairs: Pairs) -> None:
    pair = pairs.make("undispatched")
    (pair.project / "macros/spark/seeds.sql").unlink()
    outcome = pair.on_spark("seed")
    assert not outcome.success
    assert "dispatch: [{macro_namespace: dbt, search_order: [metrica_crm, metrica_crm, dbt]}]" in (
        outcome.complaints
    )


def _small(pairs: Pairs) -> Pair:
    """Return a pair without tables."""
    return pairs.empty()


def _one_contact(connection: duckdb.DuckDBPyConnection) -> None:
    for statement in (*crm.TABLES, *crm.HISTORY):
        connection.execute(statement)
    connection.execute("insert into crm.contacts (contact_id) values ('C-1')")


def _shown(
    pair: Pair, *expressions: str, source: str = "", before: str = ""
) -> list[tuple[Any, ...]]:
    """Return the rows of a query that dbt renders and Spark runs."""
    names = ", ".join(f"{expression} as c{n}" for n, expression in enumerate(expressions))
    query = f"{before}select {names}" + (f" from {source} as source" if source else "")
    outcome = pair.on_spark("show", "--inline", query)
    assert outcome.success, outcome.complaints
    return outcome.rows
