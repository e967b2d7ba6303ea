"""The questions that analysts ask run as they are on both engines."""

import re
from pathlib import Path

import pytest

from tests.dbt.warehouse import Warehouse

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "query-the-ledger.md"
LEDGER_VIEW = """
    create view metrica_export.mart_rows as
    select 1 as counter_id, 'orders' as entity, '3' as id, 'held' as state,
        'contact_unknown' as reason, 'client_uniq_id' as column_name,
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


def test_dbt_show_prints_each_analysis_of_the_page_with_all_its_columns(
    compiled: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = PAGE.read_text(encoding="utf-8").partition("dbt --quiet show")[2]
    names = re.findall(r"`(\w+)`", "`" + shown.partition("--select ")[2].partition("\n\n")[0])
    assert len(names) == 5
    for name in names:
        columns = columns_of(compiled, name)
        capsys.readouterr()
        assert compiled.dbt("show", "--limit", "50", "--select", name).success
        [header] = [line for line in capsys.readouterr().out.splitlines() if columns[0] in line]
        assert [cell.strip() for cell in header.strip("| ").split("|")] == columns
    # Cells of more than 20 characters are whole in JSON only.
    assert compiled.dbt("show", "--output", "json", "--select", "product_names").success
    assert "md5-83fee804bb3b0c0db497ecd0c8ede545" in capsys.readouterr().out


def columns_of(warehouse: Warehouse, analysis: str) -> list[str]:
    folder = warehouse.output / "target/compiled/metrica_crm/analyses"
    query = (folder / f"{analysis}.sql").read_text(encoding="utf-8")
    return warehouse.columns(query)


def answer(warehouse: Warehouse, analysis: str) -> list[tuple[object, ...]]:
    folder = warehouse.output / "target/compiled/metrica_crm/analyses"
    return warehouse.rows((folder / f"{analysis}.sql").read_text(encoding="utf-8"))


def test_match_key_coverage_by_month(compiled: Warehouse) -> None:
    months = answer(compiled, "match_key_coverage_by_month")
    # Month, contacts, percent with any key, then with a client id, an e-mail, a phone.
    *dated, undated = [(month, count, float(str(share)), *n) for month, count, share, *n in months]
    assert undated == (None, 1, 0, 0, 0, 0)
    assert dated[-1] == ("1965-06-01", 1, 100, 0, 1, 1)


def test_orders_by_status_type_and_revenue(compiled: Warehouse) -> None:
    rows = [tuple(map(str, row)) for row in answer(compiled, "orders_by_status_type_and_revenue")]
    assert rows == [
        ("IN_PROGRESS", "рубли", "1", "0.00", "0.00", "0"),
        ("PAID", "RUB", "1", "100.01", "39.88", "0"),
        ("no status: not sent", "USD", "1", "None", "None", "1"),
    ]


def test_orders_outside_the_window(compiled: Warehouse) -> None:
    rows = answer(compiled, "orders_outside_the_window")
    assert sum(int(str(row[3])) for row in rows) == 3
    assert {row[0] for row in rows} == {"over 111 days"}


def test_analyses_list_undelivered_orders(compiled: Warehouse) -> None:
    [row] = answer(compiled, "undelivered_rows")
    assert row == ("orders", "contact_unknown", "client_uniq_id", 1, "2026-02-01", 1)


def test_product_names(compiled: Warehouse) -> None:
    assert answer(compiled, "product_names") == [
        ("md5-83fee804bb3b0c0db497ecd0c8ede545", "тариф", 'Тариф "Ё"'),
        ("p1", "p1", "Груша"),
        ("p9", "p9", None),
    ]


def test_products_rounded_or_left_out(compiled: Warehouse) -> None:
    rows = [tuple(map(str, row)) for row in answer(compiled, "products_rounded_or_left_out")]
    assert rows == [
        ("3", "p1", "1.250", "2", "rounded up", "2"),
        ("3", "p9", "0.500", "1", "rounded up", "2"),
        ("2", "p1", "-1.000", "None", "zero or less", "1"),
    ]


def test_phones_left_out(compiled: Warehouse) -> None:
    rows = answer(compiled, "phones_left_out")
    assert ("c-3", "спросить", "not_a_phone", 1) in rows
    [counted] = compiled.rows(
        """select count(*) from metrica_work.int_contact_identifiers
        where kind = 'phone' and identifier is null"""
    )
    assert len(rows) == counted[0]
