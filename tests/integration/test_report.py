"""The figures of the report equal those of independent queries, on both warehouses."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from metrica_export.commands import report, run
from metrica_export.errors import GateError, SettingsError
from metrica_export.ledger.measurements import Measurement, record
from metrica_export.metrica.access import Api
from metrica_export.metrica.formats import LINK_DAYS, UPDATE_DAYS
from metrica_export.report.contents import Report
from metrica_export.report.figures_json import as_json
from metrica_export.report.languages.words import LANGUAGES, Words
from metrica_export.report.light import Cause, Colour
from metrica_export.report.online import OnlineOrders
from metrica_export.report.parts import match_keys
from metrica_export.report.texts import of_orders, of_runs
from metrica_export.settings import Form
from metrica_export.warehouse.session import open_session

from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.marts_fixture import make_marts

if TYPE_CHECKING:
    from tests.support.postgres_fixture import RunningPostgres

ZONE = ZoneInfo("Europe/Moscow")
ON_DUCKDB = pytest.mark.parametrize("shared", ["duckdb"], indirect=True)
"""The engine cannot matter."""


def ago(**delta: float) -> str:
    """Return the time so long ago, as the clocks of the counter's zone show it."""
    return str((datetime.now(ZONE) - timedelta(**delta)).replace(tzinfo=None, microsecond=0))


def read(job: Job, online: OnlineOrders | None = None) -> Report:
    return report.read(job.dbt, job.emulator.counter, online)


def fill(job: Job) -> Job:
    """Give the ledger delivered, pending, held and rejected rows of each kind."""
    marts = job.marts
    marts.put(
        "order_statuses",
        {"id": "new", "type": "IN_PROGRESS", "humanized": "New order"},
        {"id": "paid", "type": "PAID"},
        {"id": "gone", "type": "CANCELLED"},
    )
    marts.contacts("c1", client_ids="160000001,160000002", phones=None)
    marts.contacts("c2", emails=None, phones_md5="a" * 32, phones=None)
    marts.contacts("c3", emails=None, phones=None)
    marts.contacts("c4", phones="12")
    for n in range(40):
        path = ("new", "new,paid", "new,gone")[n % 3]
        marts.orders(
            f"o{n:02}",
            client_uniq_id=f"c{1 + n % 3}",
            create_date_time=ago(days=n * 5 + 1),
            order_status=path.rpartition(",")[2],
            status_path=path,
            revenue=str(100 + n),
        )
    marts.orders("no-date", create_date_time=None)
    marts.orders("no-contact", client_uniq_id="nobody", create_date_time=ago(days=20, hours=12))
    marts.orders("late", client_uniq_id="nobody", create_date_time=ago(days=23))
    marts.orders("unsendable-contact", client_uniq_id="c4", create_date_time=ago(days=3))
    marts.orders("unmapped", order_status="unmapped:odd", create_date_time=ago(days=2))
    marts.orders("money", currency="EUR", revenue="7", create_date_time=ago(days=2))
    marts.orders("other-money", currency="XXX", revenue="8", create_date_time=ago(days=2))
    marts.orders("twice", create_date_time=ago(days=4))
    marts.sql("insert into metrica.orders select * from metrica.orders where id = 'twice'")
    assert job.run().error is None
    marts.orders(
        "o00",
        client_uniq_id="c1",
        create_date_time=ago(days=1),
        order_status="paid",
        status_path="new,paid",
        revenue="55",
        updated_at="2026-11-03 00:00:00+00",
    )
    marts.orders("fresh", create_date_time=ago(hours=5), updated_at="2026-11-03 00:00:00+00")
    return job


@pytest.fixture
def filled(job: Job) -> Job:
    """Return a filled job of one test, which may change it."""
    return fill(job)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def shared(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    running_emulator: RunningEmulator,
) -> Job:
    """Return a filled job that several tests read."""
    database = None
    if request.param == "postgres":
        postgres: RunningPostgres = request.getfixturevalue("postgres")
        database = postgres.database("report")
    running_emulator.reset()
    running_emulator.quotas(requests_per_second=1000)
    marts = make_marts(tmp_path_factory.mktemp("report"), database)
    return fill(Job(marts, running_emulator))


def states(job: Job) -> dict[tuple[str, str | None], str]:
    return {
        (entity, key): state
        for entity, key, state in job.marts.sql(
            "select entity, id, state from metrica_export.mart_rows "
            f"where counter_id = {job.emulator.counter}"
        )
    }


def test_report_counts_waiting_rows_as_the_view_mart_rows(shared: Job) -> None:
    found = read(shared).waiting
    counts = dict(
        shared.marts.sql("select state, count(*) from metrica_export.mart_rows group by state")
    )
    assert (found.pending, found.held, found.rejected) == (
        counts["pending"],
        counts["held"],
        counts["rejected"],
    )
    assert min(counts["pending"], counts["held"], counts["rejected"]) >= 2


@pytest.mark.parametrize("run_language", LANGUAGES)
def test_report_shows_why_the_gate_stopped_a_run_in_its_own_language(
    job: Job, run_language: str
) -> None:
    job.marts.put(
        "order_statuses", {"id": "new", "type": "IN_PROGRESS"}, {"id": "paid", "type": "PAID"}
    )
    job.marts.contacts("c1")
    job.marts.orders(*map(str, range(20)), create_date_time=ago(days=2), order_status="new")
    assert job.run().error is None
    job.marts.sql("update metrica.orders set order_status = 'paid', row_hash = md5(row_hash)")
    api = Api(job.emulator.url, job.emulator.counter, job.emulator.token)
    with pytest.raises(GateError) as stopped:
        run.run(job.options(language=run_language), api)
    shown = {each: of_runs.headline(read(job), Words.of(each))["message"] for each in LANGUAGES}
    assert shown[run_language]["text"] == str(stopped.value)
    assert shown["en"]["text"].startswith("Nothing was sent: 20 orders turn PAID")
    assert shown["ru"]["text"].startswith("Ничего не отправлено: в PAID переходит заказов: 20")
    assert [shown[each]["language"] for each in LANGUAGES] == ["en", "ru"]


@pytest.mark.parametrize("written", ["{broken", "null", "5", '"en"', '{"en": null, "ru": 5}'])
def test_report_shows_the_message_of_a_run_whose_texts_are_broken(job: Job, written: str) -> None:
    job.marts.contacts("c1")
    assert job.run().error is None
    job.marts.sql(
        "update metrica_export.ledger_runs set exit_code = 6, message = 'Nothing was sent.', "
        f"message_texts = '{written}'"
    )
    for language in LANGUAGES:
        message = of_runs.headline(read(job), Words.of(language))["message"]
        assert message["text"] == "Nothing was sent."


def test_report_compares_all_rows_without_a_watermark(filled: Job) -> None:
    before = read(filled)
    filled.marts.sql("delete from metrica_export.ledger_watermarks")
    after = read(filled)
    assert (after.waiting, after.revenue, after.deadlines) == (
        before.waiting,
        before.revenue,
        before.deadlines,
    )


def test_report_lists_reasons_as_the_view_mart_rows(shared: Job) -> None:
    expected = Counter(
        shared.marts.sql(
            "select reason, entity, column_name, state from metrica_export.mart_rows "
            "where reason is not null and state <> 'pending'"
        )
    )
    found = read(shared).reasons
    shown = {(r.reason, r.mart, r.column, r.state): r.rows for r in found.top}
    assert shown == expected
    assert found.rows == sum(expected.values())
    assert sum(reason.share for reason in found.top) == pytest.approx(1)
    assert all(reason.new_rows == reason.rows for reason in found.top)
    [contact] = [reason for reason in found.top if reason.reason == "contact_unknown"]
    assert sorted(contact.ids) == ["late", "no-contact"]


def test_report_finds_orders_near_and_past_their_deadline(shared: Job) -> None:
    found = read(shared)
    # "no-contact" has half a day left, and "late" lost the window two days ago.
    assert (found.waiting.expiring, found.waiting.expired) == (1, 1)
    assert found.light.colour is Colour.RED
    assert found.light.causes[:2] == (Cause.EXPIRED, Cause.EXPIRING)


def test_report_finds_changes_near_their_deadline(filled: Job) -> None:
    before = read(filled).waiting
    assert (before.soon, before.soon_changed) == (1, 0)
    created = ago(days=UPDATE_DAYS - 2)
    filled.marts.orders("old", create_date_time=created, revenue="1")
    filled.marts.sql(
        "insert into metrica_export.ledger_deliveries (create_date_time, upload_no, row_hash, id) "
        f"select timestamp '{created}', max(upload_no), null, 'old' "
        "from metrica_export.ledger_uploads where entity = 'orders' and status = 'PASSED'"
    )
    filled.marts.sql("update metrica.orders set updated_at = now() where id = 'old'")
    found = read(filled)
    assert (found.waiting.soon, found.waiting.soon_changed) == (2, 1)
    text = of_runs.deadlines(found, Words.of("en"))["deadlines_urgent"]
    assert "2 waiting orders" in text
    assert "1 of them is in Metrica already" in text


def test_report_explains_revenue_by_state(shared: Job) -> None:
    known = states(shared)
    rows = shared.marts.sql(
        "select o.id, lower(s.type), o.currency, o.revenue from metrica.orders o "
        "left join metrica.order_statuses s on s.id = o.order_status "
        "where o.create_date_time is not null"
    )
    types = {"paid": "paid"} | {key: key for key in ("in_progress", "cancelled")}
    expected: dict[tuple[str | None, str | None], dict[str, list[Decimal]]] = {}
    for key, type_, currency, revenue in rows:
        # Of the orders whose status is Metrica's own, PAID.
        is_own = key in {"no-contact", "late", "unsendable-contact", "money", "fresh"}
        is_own |= key in {"other-money", "twice"}
        kind = types.get(type_ or "") or ("paid" if is_own else None)
        of_state = expected.setdefault((kind, currency), {})
        of_state.setdefault(known["orders", key], []).append(revenue)
    for each in read(shared).revenue:
        of_state = expected.pop((each.status_type, each.currency))
        for state, amount in (
            ("sent", each.delivered),
            ("pending", each.pending),
            ("held", each.held),
            ("rejected", each.rejected),
        ):
            revenues = of_state.get(state, [])
            assert (amount.orders, amount.revenue) == (len(revenues), sum(revenues)), (each, state)
        assert each.crm.orders == sum(map(len, of_state.values()))
    assert expected == {}


def test_report_groups_deadlines_as_the_view_deadlines(shared: Job) -> None:
    today = datetime.now(ZONE).date()
    known = states(shared)
    delivered, undelivered, changeable = Counter[int](), Counter[int](), Counter[int]()
    for key, created, sent_at in shared.marts.sql(
        "select id, create_date_time, first_sent_at from metrica_export.deadlines "
        "where entity = 'orders' and create_date_time is not null"
    ):
        age = (today - created.date()).days
        if known["orders", key] == "rejected":
            continue
        (delivered if sent_at else undelivered)[LINK_DAYS - age] += 1
        if sent_at and age <= UPDATE_DAYS:
            changeable[(UPDATE_DAYS - age) // 7 * 7] += 1
    found = read(shared).deadlines
    for day in found.link:
        assert day.delivered == delivered[day.days_left], day
        assert day.waiting == undelivered[day.days_left], day
    assert [day.days_left for day in found.link] == list(range(LINK_DAYS + 1))
    assert {week.days_left: week.open + week.closed for week in found.update if week.open} == {
        days: changeable[days]
        for days in changeable
        if days in {week.days_left for week in found.update if week.open}
    }
    assert sum(week.open + week.closed for week in found.update) == sum(changeable.values())


def test_report_counts_match_keys_of_the_orders_contacts(shared: Job) -> None:
    rows = shared.marts.sql(
        "select o.create_date_time, c.client_ids is not null, "
        "coalesce(c.phones, c.phones_md5) is not null, "
        "coalesce(c.emails, c.emails_md5) is not null "
        "from metrica.orders o left join metrica.contacts c on c.uniq_id = o.client_uniq_id"
    )
    found = read(shared).match_keys
    assert found.sample == 1
    for month in found.months:
        of_month = [keys for at, *keys in rows if at and at.date().replace(day=1) == month.month]
        client_id, phone, email = (sum(kind) for kind in zip(*of_month, strict=True))
        counted = (month.orders, month.any_key, month.client_id, month.phone, month.email)
        assert counted == (len(of_month), sum(map(any, of_month)), client_id, phone, email)
    assert sum(month.orders for month in found.months) == len([row for row in rows if row[0]])


def test_report_leaves_out_orders_without_a_visit(filled: Job) -> None:
    filled.marts.sql("update metrica.orders set items_count = 2 where id < 'o10'")
    counted = read(filled, OnlineOrders.parse("items_count=2, 3")).match_keys
    ((online, rest),) = filled.marts.sql(
        "select count(*) filter (where items_count = 2), count(*) filter (where items_count <> 2) "
        "from metrica.orders where create_date_time is not null"
    )
    assert sum(month.orders for month in counted.months) == online
    assert sum(month.offline for month in counted.months) == rest
    with pytest.raises(SettingsError, match="mart orders has no custom attribute 'channel'"):
        read(filled, OnlineOrders.parse("channel=site"))
    with pytest.raises(SettingsError, match="for example channel=site,app"):
        OnlineOrders.parse("channel")


def test_report_samples_contacts_of_many_orders(
    shared: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(shared).match_keys
    monkeypatch.setattr(match_keys, "EXACT_ORDERS", 10)
    # A sample of pages would have all of so few orders, or none.
    monkeypatch.setattr(match_keys, "_has_pages", lambda *_: False)
    part = read(shared).match_keys
    of_contact = dict(
        shared.marts.sql("select client_uniq_id, count(*) from metrica.orders group by 1")
    )
    assert part.sample == ceil(sum(of_contact.values()) / 10)
    sampled = sum(month.orders for month in part.months)
    assert 0 <= sampled <= sum(month.orders for month in whole.months)
    assert sampled < sum(of_contact.values())


@pytest.mark.parametrize("job", ["postgres"], indirect=True)
def test_report_samples_pages_of_a_large_postgresql_table(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    marts = job.marts
    marts.contacts("c1")
    marts.orders("o", create_date_time=ago(days=1))
    assert job.run().error is None
    marts.sql(
        "insert into metrica.orders (id, client_uniq_id, create_date_time, updated_at, row_hash) "
        "select 'n' || i, 'c1', create_date_time, updated_at, md5('n' || i) "
        "from metrica.orders, generate_series(1, 20000) as n (i)"
    )
    monkeypatch.setattr(match_keys, "EXACT_ORDERS", 0)
    monkeypatch.setattr(match_keys, "SAMPLED_ORDERS", 0.25)
    marts.sql("update metrica_export.ledger_watermarks set mart_rows = 1")
    found = read(job).match_keys
    assert found.sample == 4
    (month,) = found.months
    assert 3_000 < month.orders < 7_000
    assert (month.phone, month.client_id) == (month.orders, 0)


def test_report_follows_the_path_of_orders(filled: Job) -> None:
    found = {step.status: step for step in read(filled).steps}
    paths = [
        path or status
        for path, status in filled.marts.sql(
            "select status_path, order_status from metrica.orders "
            "where create_date_time is not null"
        )
    ]
    counts = Counter(status for path in paths for status in set(path.split(",")))
    assert {status: step.orders for status, step in found.items()} == counts
    assert (found["new"].name, found["new"].status_type) == ("New order", "in_progress")
    assert next(iter(found)) == "new"
    # "o00" reached paid since the run, and its first status is delivered.
    assert found["paid"].to_send == 1
    assert found["new"].to_send == 0
    assert found["paid"].median_hours is None
    filled.marts.sql(
        "update metrica_export.ledger_uploads set finished_at = finished_at - interval '30 hours'"
    )
    assert filled.run().error is None
    later = {step.status: step for step in read(filled).steps}
    assert later["paid"].to_send == 0
    assert later["paid"].measured == 1
    assert later["paid"].median_hours == pytest.approx(30, abs=0.1)


def test_report_does_not_count_rejected_orders_as_in_metrica(shared: Job) -> None:
    known = states(shared)
    rejected = [
        path or status
        for key, path, status in shared.marts.sql(
            "select id, status_path, order_status from metrica.orders "
            "where create_date_time is not null"
        )
        if known["orders", key] == "rejected"
    ]
    counts = Counter(status for path in rejected for status in set(path.split(",")))
    found = {step.status: step.rejected for step in read(shared).steps if step.rejected}
    assert found == counts
    assert found


def test_report_sends_the_new_status_of_an_order_without_a_path(filled: Job) -> None:
    filled.marts.orders("plain", create_date_time=ago(days=1), order_status="new")
    assert filled.run().error is None
    before = {step.status: step.to_send for step in read(filled).steps}
    filled.marts.orders(
        "plain",
        create_date_time=ago(days=1),
        order_status="gone",
        updated_at="2026-11-04 00:00:00+00",
    )
    after = {step.status: step.to_send for step in read(filled).steps}
    assert after == before | {"gone": before["gone"] + 1}


def test_report_counts_an_order_with_several_statuses_to_send_once(filled: Job) -> None:
    filled.marts.orders(
        "steps",
        create_date_time=ago(days=1),
        order_status="gone",
        status_path="new,paid,gone",
        updated_at="2026-11-03 00:00:00+00",
    )
    known = states(filled)
    rows = filled.marts.sql("select id from metrica.orders where create_date_time is not null")
    orders = [key for (key,) in rows if known["orders", key] in {"pending", "held"}]
    assert "steps" in orders
    lead = of_orders.steps(read(filled), Words.of("en"))["steps_lead"]
    assert f"{len(orders)} orders wait" in lead


def test_report_shows_the_last_measurement_of_each_cohort(filled: Job) -> None:
    month = datetime.now(ZONE).date().replace(day=1)
    lines = [
        Measurement(month, "all", "all", 200, 180, tied=tied, expected=60.0) for tied in (40, 50)
    ]
    paid = Measurement(month, "paid", "all", 90, 80, tied=20, revenue=Decimal("900.50"))
    by_kind = Measurement(month, "all", "phone", 90, 80, expected=7.0)
    with open_session(filled.dbt) as session:
        record(session.wh, filled.emulator.counter, [lines[0]])
        record(session.wh, filled.emulator.counter, [lines[1], paid, by_kind])
    [cohort] = read(filled).cohorts
    assert (cohort.month, cohort.tied, cohort.rate, cohort.expected_rate) == (month, 50, 0.25, 0.3)
    assert cohort.tied_revenue == Decimal("900.50")
    assert cohort.tied_by_type == {"paid": 20}


@pytest.mark.parametrize(
    ("expected", "shown"), [("1e300", 1e300), ("'infinity'", None), ("'nan'", None)]
)
def test_report_survives_any_forecast_of_the_ledger(
    filled: Job, expected: str, shown: float | None
) -> None:
    month = datetime.now(ZONE).date().replace(day=1)
    with open_session(filled.dbt) as session:
        record(session.wh, filled.emulator.counter, [Measurement(month, "all", "all", 200, 180, 9)])
    filled.marts.sql(
        f"update metrica_export.tied_orders set expected = cast({expected} as double precision)"
    )
    assert [cohort.expected for cohort in read(filled).cohorts] == [shown]
    assert call(filled, "report").returncode == 0


def test_report_compares_statuses_with_those_of_the_last_run(filled: Job) -> None:
    assert read(filled).schema.statuses == ()
    filled.marts.put("order_statuses", {"id": "back", "type": "OTHER"})
    filled.marts.put("order_statuses", {"id": "paid", "type": "SPAM"})
    filled.marts.sql("delete from metrica.order_statuses where id = 'gone'")
    found = read(filled).schema
    assert {each.status: each.change for each in found.statuses} == {
        "back": "missing",
        "gone": "absent",
        "paid": "different",
    }
    assert found.equal_statuses == 1
    assert found.equal_attributes == 2


def test_report_reads_nothing_but_marts_before_the_first_run(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.orders("o1", create_date_time=ago(days=20, hours=12))
    found = read(job)
    assert found.light.causes == (Cause.EXPIRING, Cause.NO_RUN)
    assert (found.waiting.pending, found.waiting.expiring) == (2, 1)
    assert found.runs.runs == ()
    [paid] = found.revenue
    assert (paid.crm.orders, paid.delivered.orders, paid.pending.orders) == (1, 0, 1)
    assert found.cohorts == ()


def test_report_of_simple_orders_finds_their_own_identifiers(job: Job) -> None:
    job.marts.simple_orders("s1", create_date_time=ago(days=2))
    job.marts.simple_orders("s2", create_date_time=ago(days=2), emails=None, phones="79995551111")
    job.marts.simple_orders("s3", create_date_time=ago(days=2), emails=None)
    assert job.run(("simple_orders",), form=Form("simple")).error is None
    found = read(job)
    [month] = found.match_keys.months
    assert (month.orders, month.any_key, month.phone, month.email) == (3, 2, 1, 1)
    assert (found.waiting.rejected, found.revenue[0].delivered.orders) == (1, 2)
    assert found.reasons.top[0].reason == "identifier_missing"


def test_report_counts_requests_since_midnight_gmt(filled: Job) -> None:
    filled.marts.sql("update metrica_export.ledger_runs set requests = 17")
    assert read(filled).runs.requests_today == 17
    filled.marts.sql(
        "update metrica_export.ledger_runs set started_at = started_at - interval '1 day'"
    )
    found = read(filled).runs
    assert (found.requests_today, found.runs[0].requests) == (0, 17)


def test_report_survives_nan_and_dates_out_of_range(filled: Job) -> None:
    before = sum(each.crm.revenue for each in read(filled).revenue)
    filled.marts.orders("far", create_date_time="9999-12-31 10:00:00")
    filled.marts.orders("old", create_date_time="0001-01-01 10:00:00")
    if filled.marts.database is not None:
        filled.marts.orders("nan", create_date_time=ago(days=2), revenue="NaN")
    found = read(filled)
    assert sum(each.crm.revenue for each in found.revenue) == before


def call(job: Job, *arguments: str, prelude: str = "") -> subprocess.CompletedProcess[str]:
    code = f"{prelude}\nfrom metrica_export.cli.main import main\nmain()"
    flags = [*job.marts.flags, "--counter-id", str(job.emulator.counter)]
    return subprocess.run(
        [sys.executable, "-c", code, *arguments, *flags],
        cwd=job.marts.folder,
        capture_output=True,
        text=True,
        check=False,
    )


NO_LIBRARY = "import sys; sys.modules['vl_convert'] = None"


@ON_DUCKDB
def test_report_json_has_the_figures_and_needs_no_extra(shared: Job) -> None:
    done = call(shared, "report", "--json", prelude=NO_LIBRARY)
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    expected: dict[str, Any] = json.loads(json.dumps(as_json(read(shared))))
    assert shown.pop("created_at")[-6:] == expected.pop("created_at")[-6:] == "+03:00"
    assert shown == expected
    assert shown["light"]["colour"] == "red"
    assert set(shown) == {name for name in asdict(read(shared)) if name != "created_at"}


@ON_DUCKDB
def test_report_names_the_extra_that_is_missing(shared: Job) -> None:
    done = call(shared, "report", prelude=NO_LIBRARY)
    assert done.returncode == 2
    assert "pip install 'metrica-crm-export[report]'" in done.stderr
    assert not (shared.marts.folder / "report.html").exists()


@ON_DUCKDB
def test_report_names_a_file_that_cannot_be_written(shared: Job, tmp_path: Path) -> None:
    done = call(shared, "report", "--output", str(tmp_path / "no" / "folder.html"))
    assert done.returncode == 2
    assert "Set --output to a file that can be written." in done.stderr


@ON_DUCKDB
@pytest.mark.parametrize("language", ["en", "ru"])
def test_report_writes_one_file_without_sources_from_elsewhere(shared: Job, language: str) -> None:
    done = call(shared, "report", "--lang", language)
    assert (done.returncode, done.stdout) == (0, "The report is in report.html.\n"), done.stderr
    page = (shared.marts.folder / "report.html").read_text(encoding="utf-8")
    assert page.startswith(f'<!doctype html>\n<html lang="{language}">')
    for word in ("<script", "<link", "<img", "src=", "@import", "url(", " style="):
        assert word not in page
    assert len(page) < 2_000_000


def test_report_makes_no_request(shared: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Callable[..., None]:
        raise AssertionError("a request")

    monkeypatch.setattr("requests.sessions.Session.request", refuse)
    assert read(shared).counter_id == shared.emulator.counter


def test_report_names_a_mart_that_is_missing(tmp_path: Path, job: Job) -> None:
    (tmp_path / "other").mkdir()
    marts = make_marts(tmp_path / "other", None)
    marts.sql("drop table metrica.orders")
    done = call(Job(marts, job.emulator), "report", "--json")
    assert done.returncode == 3
    assert "no mart metrica.orders" in done.stderr
