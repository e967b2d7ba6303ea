"""The bars on the page of `make bench`."""

from benchmarks import dbt, page, works
from benchmarks.meter import Usage
from benchmarks.page import Part, Section
from benchmarks.works import Figure


def _figure(wall: float, peak: int = 0, ledger_bytes: float = 0.0) -> Figure:
    return Figure(Usage(wall, 0.0, peak), 0.0, 0, ledger_bytes)


def _page(warehouse: str, figures: dict[str, Figure], built: Part | None = None) -> str:
    taken = {works.READ_FLOOR: _figure(1.0)} | figures
    export = Part(works.READ_FLOOR, 1, [taken])
    return page.figures(Section(warehouse, 1, built, export, {}, {}))


def _bar(text: str, line: str) -> str:
    (found,) = [row for row in text.splitlines() if row.startswith(f"| {line} ")]
    return found.split("|")[-2].strip()


def test_page_bar_is_met_at_its_figure_and_missed_above() -> None:
    text = _page("postgres", {works.PLAN: _figure(1.3), works.FIRST: _figure(2.61)})
    assert _bar(text, works.PLAN) == "≤ 1.3 x, met"
    assert _bar(text, works.FIRST) == "≤ 2.6 x, missed"


def test_page_shows_bars_that_are_not_over_the_floor_below_the_table() -> None:
    first = _figure(6.0, peak=451_000_000, ledger_bytes=60.0)
    text = _page("postgres", {works.FIRST: first, works.CURSOR_SCRIPT: _figure(10.0)})
    assert _bar(text, f"{works.FIRST}: peak memory") == "≤ 450 MB, missed"
    assert _bar(text, f"{works.FIRST}: ledger with") == "≤ 60 bytes, met"
    assert _bar(text, f"{works.FIRST}: time over that of {works.CURSOR_SCRIPT}") == "≤ 0.6 x, met"


def test_page_leaves_out_bars_over_a_rival_or_a_server_that_was_not_measured() -> None:
    text = _page("duckdb", {works.FIRST: _figure(1.0)})
    assert works.CURSOR_SCRIPT not in text
    assert "ledger" not in text


def test_page_compares_dbt_with_the_floor_of_its_own_marts() -> None:
    models = dbt.FULL + dbt.NODES
    data_tests = dbt.DATA_TESTS + dbt.NODES
    taken = {models: _figure(20.0), data_tests: _figure(11.0), dbt.READ_FLOOR: _figure(2.0)}
    built = Part(dbt.READ_FLOOR, 1, [taken])
    assert _bar(_page("postgres", {}, built), models) == "≤ 13 x, met"
    text = _page("duckdb", {}, built)
    assert _bar(text, models) == "≤ 8 x, missed"
    assert _bar(text, f"{data_tests}: time over that of {models}") == "≤ 0.5 x, missed"
