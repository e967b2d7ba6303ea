"""The macros for JSON and times in raw tables: the same verdict on both engines, and Python's."""

import json

from tests.dbt.crm import literal
from tests.dbt.warehouse import Warehouse

READABLE = (
    "0",
    '"text"',
    "null",
    "[]",
    "{}",
    " [ ] ",
    '{"a": [1, -2.50, 1e5, 0.1E-2], "b": {"c": null, "d": [true, false, []]}}',
    '[{"values":[{"value":"a \\"quoted\\" {[,]}: text"}]},{"values":null}]',
    '["\\ud83d\\ude00", "\\u0416", "\\n", "Ж", "😀"]',
    "[[[[[[[1]]]]]]]",
)
UNREADABLE = (
    "",
    " ",
    "text",
    "[",
    "]",
    "[1 2]",
    "[1,]",
    "[,1]",
    "[01]",
    "[1.]",
    "[.5]",
    "[+1]",
    "{1:2}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a" 1}',
    "{a:1}",
    "['a']",
    '"open',
    '["a" "b"]',
    "[1][2]",
    "nulltrue",
    '["\\x"]',
    '["\n"]',
    "[NaN]",
)
# JSON that PostgreSQL cannot read as text.
REFUSED = ('["\\u0000"]', '["\\ud83d"]')

# text, and its instant in UTC if the CRM's zone is Moscow
TIMES = {
    "2026-02-01T12:00:00+03:00": "2026-02-01T09:00:00+00:00",
    "2026-02-01T12:00:00.500Z": "2026-02-01T12:00:00.500000+00:00",
    "2026-02-01 12:00:00+03": "2026-02-01T09:00:00+00:00",
    "2026-02-01 12:00:00-0530": "2026-02-01T17:30:00+00:00",
    "2026-02-01 12:00:00": "2026-02-01T09:00:00+00:00",
    "2026-02-01": "2026-01-31T21:00:00+00:00",
    "1769990000": "2026-02-01T23:53:20+00:00",
    "1769990000.0": "2026-02-01T23:53:20+00:00",
    "1769990000123": "2026-02-01T23:53:20.123000+00:00",
    "2026-02-30 12:00:00": None,
    "2026-13-01 12:00:00": None,
    "2026-02-01 24:00:00": None,
    "2026-02-01 12:00": None,
    "2026-02-01T12:00:00+99:00": None,
    "01.02.2026": None,
    "вчера": None,
}


def test_json_and_times_of_text_are_read_alike_on_both_engines(warehouse: Warehouse) -> None:
    cells = [*READABLE, *UNREADABLE, *REFUSED, *TIMES]
    values = ", ".join(f"({number}, {literal(cell)})" for number, cell in enumerate(cells))
    warehouse.run(f"create table crm.cells as select * from (values {values}) as c (number, cell)")
    (warehouse.project / "models/intermediate/cells.sql").write_text(
        """{{ config(materialized='table') }}
        select number, {{ is_json('cell') }} as is_json, {{ time_of_text('cell') }} as instant
        from crm.cells""",
        encoding="utf-8",
    )
    outcome = warehouse.dbt("run", "--select", "cells", crm_time_zone="Europe/Moscow")
    assert outcome.success, outcome.complaints
    rows = warehouse.rows("select is_json, instant from metrica_work.cells order by number")
    found = dict(zip(cells, rows, strict=True))
    assert {cell for cell in cells[: -len(TIMES)] if found[cell][0]} == set(READABLE)
    assert {cell: found[cell][1] for cell in TIMES} == TIMES
    for cell in (*READABLE, *REFUSED):
        json.loads(cell)
    assert [cell for cell in UNREADABLE if _is_json(cell)] == ["[NaN]"]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
