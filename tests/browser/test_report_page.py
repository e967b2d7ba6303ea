"""The report in a real browser: a quiet page that shows its charts, fits and can be read.

5,000,000 orders were opened by hand on both warehouses, on 2026-11-27, with `_ORDERS` raised. The
page of the demo is checked where the demo runs, in tests/end_to_end/test_job.py.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from metrica_export.commands import report
from metrica_export.ledger.measurements import Measurement, record
from metrica_export.report.languages.words import LANGUAGES
from metrica_export.settings import Gate
from metrica_export.warehouse.session import open_session
from playwright.sync_api import Browser

from benchmarks.mart import fill
from tests.support.browser import check_page, chromium, opened
from tests.support.job import Job

_ORDERS = 5_000
_HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</code></p><h1>hostile",
    "{{ 7 * 7 }}<svg/onload=alert(1)>",
    "\u202egnp.txt",
)

pytestmark = pytest.mark.parametrize("job", ["duckdb"], indirect=True)
"""The engine cannot matter: tests/integration/test_report.py compares the figures."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for all tests of this module."""
    with chromium() as started:
        yield started


def write(job: Job, language: str) -> Path:
    """Write the report of a job; return its file."""
    file = job.marts.folder / f"report-{language}.html"
    file.write_text(report.page(job.dbt, job.emulator.counter, None, language), encoding="utf-8")
    return file


def days_ago(days: float) -> str:
    return str((datetime.now(UTC) - timedelta(days=days)).replace(tzinfo=None, microsecond=0))


@pytest.fixture
def bad_night(job: Job) -> Job:
    """Return a job after a quiet night, and one in which Metrica refused and the gate stopped."""
    marts = job.marts
    marts.put(
        "order_statuses",
        {"id": "new", "type": "IN_PROGRESS", "humanized": "Новый"},
        {"id": "paid", "type": "PAID", "humanized": "An order that is paid " + "x" * 200},
    )
    marts.contacts("c1", client_ids="1600000001")
    for n in range(40):
        marts.orders(f"o{n}", create_date_time=days_ago(n * 4), order_status="new")
    assert job.run().error is None
    marts.orders(*_HOSTILE, create_date_time=days_ago(20.5), currency="XXX")
    marts.orders("no-contact", client_uniq_id=_HOSTILE[0], create_date_time=days_ago(20.5))
    marts.orders("odd", order_status=f"unmapped:{_HOSTILE[1]}", create_date_time=days_ago(22))
    marts.orders("long-" + "i" * 200, create_date_time=days_ago(2), revenue="9" * 15)
    job.run(gate=Gate(accepted=frozenset({"unsendable"})))
    marts.sql(
        "update metrica.orders set order_status = 'paid', row_hash = md5(row_hash) "
        "where order_status = 'new'"
    )
    assert job.run().exit_code == 6
    month = datetime.now(UTC).date().replace(day=1)
    with open_session(job.dbt) as session:
        line = Measurement(month, "all", "all", 40, 30, tied=12, expected=14.0)
        record(session.wh, job.emulator.counter, [line])
    return job


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_of_a_night_that_went_wrong(bad_night: Job, browser: Browser, language: str) -> None:
    file = write(bad_night, language)
    check_page(browser, file, charts=7)
    with opened(browser, file, 390, "light") as seen:
        # A cut number would be read as another one.
        assert seen.page.evaluate(_HIDDEN_OF_RUNS) == 0


def test_page_shows_hostile_ids_as_text(bad_night: Job, browser: Browser) -> None:
    with opened(browser, write(bad_night, "en"), 1440, "light") as seen:
        page = seen.page
        counts = {name: page.locator(name).count() for name in ("script", "img", "iframe", "h1")}
        assert counts == {"script": 0, "img": 0, "iframe": 0, "h1": 1}
        shown = page.locator(".reasons code").all_inner_texts()
        assert {"</script><script>alert(1)</script>", "\\u202egnp.txt"} <= set(shown)
        assert seen.events == []
    assert "\u202e" not in write(bad_night, "en").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_of_an_empty_ledger(job: Job, browser: Browser, language: str) -> None:
    check_page(browser, write(job, language), charts=0)
    job.marts.contacts("c1")
    job.marts.orders("o1", create_date_time=days_ago(3))
    check_page(browser, write(job, language), charts=4)


def test_page_of_many_orders(tmp_path: Path, job: Job, browser: Browser) -> None:
    (tmp_path / "many").mkdir()
    many = Job(fill(tmp_path / "many", None, _ORDERS), job.emulator)
    many.marts.sql(
        "update metrica.orders set "
        "currency = case when cast(id as integer) % 97 = 5 then 'XXX' else 'RUB' end, "
        "create_date_time = localtimestamp - cast(id as integer) % 300 * interval '1 day'"
    )
    assert many.run().error is None
    file = write(many, "en")
    assert file.stat().st_size < 2_000_000
    check_page(browser, file, charts=6)


def test_page_prints_its_details(bad_night: Job, browser: Browser) -> None:
    with opened(browser, write(bad_night, "en"), 1440, "dark") as seen:
        page = seen.page
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = false)")
        page.emulate_media(media="print")
        assert page.evaluate(_PRINTED) == ["rgb(255, 255, 255)", True]
        assert page.pdf(format="A4").startswith(b"%PDF")


_PRINTED = """
() => [
    getComputedStyle(document.body).backgroundColor,
    [...document.querySelectorAll('details table')].every(table => table.checkVisibility()),
]
"""

_HIDDEN_OF_RUNS = """
() => {
    const table = document.querySelector('section[aria-labelledby=runs] .scroll');
    return table.scrollWidth - table.clientWidth;
}
"""
"""The pixels of the table of runs that a reader must scroll to see."""
