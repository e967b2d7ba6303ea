"""The questions that analysts ask run as they are on both engines."""

import pytest

from tests.dbt.warehouse import Warehouse

LEDGER_VIEW = """
    create view metrica_export.mart_rows as
    select 1 as counter_id, 'orders' as entity, '3' as id, 'held' as state,
        'contact is not sent' as reason, 'client_uniq_id' as column_name,
        cast('2026-02-01 00:00:00+00' as timestamptz) as updated_at,
        cast(null as text) as uploading_id, cast(null as timestamptz) as sent_at
    union all
    select 1, 'orders', '1', 'sent', null, null, null, 'u', current_timestamp
"""


@pytest.fixture(scope="module")
def compiled_on(built_on: dict[str, Warehouse]) -> dict[str, Warehouse]:
    for warehouse in built_on.values():
        warehouse.run("create schema metrica_export", LEDGER_VIEW)
        outcome = warehouse.dbt("compile", "--select", "resource_type:analysis")
        assert outcome.success, outcome.complaints
    return built_on


@pytest.fixture(params=("duckdb", "postgres"))
def compiled(request: pytest.FixtureRequest, compiled_on: dict[str, Warehouse]) -> Warehouse:
    return compiled_on[request.param]


def answer(warehouse: Warehouse, analysis: str) -> list[tuple[object, ...]]:
    folder = warehouse.output / "target/compiled/metrica_crm/analyses"
    return warehouse.rows((folder / f"{analysis}.sql").read_text(encoding="utf-8"))


def test_match_key_coverage_by_month(compiled: Warehouse) -> None:
    months = answer(compiled, "match_key_coverage_by_month")
    # Month, contacts, then with any key, a client id, an e-mail, a phone; percent with any.
    *dated, undated = months
    assert undated[:6] == (None, 1, 0, 0, 0, 0)
    assert dated[-1][:6] == ("1965-06-01", 1, 1, 0, 1, 1)
    assert float(str(dated[-1][6])) == 100


def test_orders_by_status_type_and_revenue(compiled: Warehouse) -> None:
    rows = [tuple(map(str, row)) for row in answer(compiled, "orders_by_status_type_and_revenue")]
    assert rows == [
        ("рубли", "IN_PROGRESS", "1", "0.00", "0.00", "0"),
        ("RUB", "PAID", "1", "100.01", "39.88", "0"),
        ("USD", "no status: not sent", "1", "None", "None", "1"),
    ]


def test_orders_outside_the_window(compiled: Warehouse) -> None:
    rows = answer(compiled, "orders_outside_the_window")
    assert sum(int(str(row[3])) for row in rows) == 3
    assert {row[0] for row in rows} == {"older: nothing reaches the reports"}


def test_what_is_pending(compiled: Warehouse) -> None:
    [row] = answer(compiled, "what_is_pending")
    assert row == (
        1,
        "orders",
        "held",
        "client_uniq_id",
        "contact is not sent",
        1,
        "2026-02-01T00:00:00+00:00",
    )


def test_product_names(compiled: Warehouse) -> None:
    assert answer(compiled, "product_names") == [
        ("md5-83fee804bb3b0c0db497ecd0c8ede545", "тариф", 'Тариф "Ё"'),
        ("p1", "p1", "Груша"),
        ("p9", "p9", None),
    ]


def test_products_rounded_or_left_out(compiled: Warehouse) -> None:
    rows = [tuple(map(str, row)) for row in answer(compiled, "products_rounded_or_left_out")]
    assert rows == [
        ("2", "p1", "-1.000", "None", "left out: zero or less", "1"),
        ("3", "p1", "1.250", "2", "rounded up", "2"),
        ("3", "p9", "0.500", "1", "rounded up", "2"),
    ]


def test_phones_left_out(compiled: Warehouse) -> None:
    rows = answer(compiled, "phones_left_out")
    assert ("c-3", "спросить", "not_a_phone", 1) in rows
    [counted] = compiled.rows(
        """select count(*) from metrica_work.int_contact_identifiers
        where kind = 'phone' and identifier is null"""
    )
    assert len(rows) == counted[0]
