"""The command `measure`, from the marts to the emulator's Reports API and back into the ledger."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from click.testing import CliRunner, Result
from metrica_export.cli.main import cli
from metrica_export.commands.measure.cohorts import Cohort, changeable
from metrica_export.commands.measure.tied import BY_TYPE, ORDERS, Tied, TiedReport
from metrica_export.commands.measure.visitors import ClientReport
from metrica_export.errors import MetricaError, QuotaError, SettingsError
from metrica_export.metrica.access import Api
from metrica_export.metrica.reports import Reports
from metrica_export.settings import Form

from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.marts_fixture import make_marts

MONTH = datetime.now(ZoneInfo("Europe/Moscow")).date().replace(day=1)
HERE = f"{MONTH:%Y-%m}"
BEFORE = f"{MONTH - timedelta(days=1):%Y-%m}"


def wall(days_ago: float = 0) -> str:
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    return moment.astimezone(ZoneInfo("Europe/Moscow")).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True)
class Site:
    """A job with contacts, orders and the visits of their contacts."""

    job: Job

    def visits(self, **client_of: str) -> None:
        """Give the site visits that begin now: id of the visit → ClientID."""
        self.put_visits(
            *({"visit_id": v, "started_at": wall(), "client_id": c} for v, c in client_of.items())
        )

    def put_visits(self, *visits: dict[str, str]) -> None:
        url = f"{self.job.emulator.url}/debug/visits"
        requests.post(url, json=visits, timeout=10).raise_for_status()

    def measure(self, *words: str) -> Result:
        """Call the command line, early unless it says else."""
        env = {
            "METRICA_TOKEN": self.job.emulator.token,
            "METRICA_API_URL": self.job.emulator.url,
            "METRICA_COUNTER_ID": str(self.job.emulator.counter),
        }
        flags = [*self.job.marts.flags, *words]
        return CliRunner().invoke(cli, ["measure", *flags], env=env, obj=None)

    def shown(self, *words: str) -> dict[str, Any]:
        """Return the JSON of a measurement that succeeds."""
        result = self.measure("--early", "--json", *words)
        assert result.exit_code == 0, result.output or result.exception
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def fails(self, *words: str) -> Exception:
        result = self.measure("--early", *words)
        assert isinstance(result.exception, Exception)
        return result.exception

    def recorded(self, columns: str) -> list[tuple[Any, ...]]:
        return self.job.marts.sql(
            f"select {columns} from metrica_export.tied_orders order by measured_at, cohort"
        )


@pytest.fixture
def site(job: Job) -> Site:
    """Return six delivered orders of this month; three have visits by ClientID."""
    job.marts.contacts("c1", client_ids="101")
    job.marts.contacts("c2", client_ids="102,103")
    job.marts.contacts("c3", emails=None)
    job.marts.contacts("c4", phones=None)
    job.marts.contacts("c5", emails=None, phones=None)
    now = {"create_date_time": wall()}
    job.marts.orders("1", client_uniq_id="c1", order_status="PAID", **now)
    job.marts.orders("2", client_uniq_id="c2", order_status="IN_PROGRESS", **now)
    job.marts.orders("3", client_uniq_id="c2", order_status="SPAM", **now)
    job.marts.orders("4", client_uniq_id="c3", order_status="PAID", currency="USD", **now)
    job.marts.orders("5", client_uniq_id="c4", order_status="CANCELLED", **now)
    job.marts.orders("6", client_uniq_id="c5", order_status="PAID", **now)
    made = Site(job)
    assert job.sent()["orders"] == 6
    made.visits(v1="101", v2="103")
    return made


def cohort_of(found: dict[str, Any], month: str = HERE) -> dict[str, Any]:
    return next(cohort for cohort in found["cohorts"] if cohort["cohort"] == month)


def test_measure_counts_delivered_and_tied_orders(site: Site) -> None:
    found = site.shown()
    cohort = cohort_of(found)
    assert (cohort["delivered"], cohort["in_window"], cohort["tied"]) == (6, 6, 3)
    assert cohort["rate"] == 0.5
    assert cohort["tied_at_most"] == 3
    assert {k: (t["delivered"], t["tied"]) for k, t in cohort["status_types"].items()} == {
        "in_progress": (1, 1),
        "paid": (3, 1),
        "cancelled": (1, 0),
        "spam": (1, 1),
        "other": (0, 0),
    }
    assert {k: (n["delivered"], n["tied"]) for k, n in cohort["identifiers"].items()} == {
        "client_id": (3, None),
        "phone": (1, None),
        "email": (1, None),
        "hash": (0, None),
        "none": (1, None),
    }
    assert cohort["money"] == {
        "currency": "RUB",
        "delivered_revenue": 201.0,
        "revenue": 100.5,
        "profit": 100.5,
    }
    assert cohort["goals"]["cdp_order_paid"] == {"visits": 1, "reaches": 1}
    assert found["requests"] == 1
    assert found["refused_metrics"] == []


def test_measure_keeps_every_measurement(site: Site) -> None:
    site.shown()
    site.visits(v1="101")
    assert cohort_of(site.shown())["tied"] == 1
    total = "status_type = 'all' and identifiers = 'all'"
    rows = site.job.marts.sql(
        "select cohort, delivered, in_window, tied from metrica_export.tied_orders "
        f"where {total} order by measured_at"
    )
    assert rows == [(MONTH, 6, 6, 3), (MONTH, 6, 6, 1)]
    assert len({at for (at,) in site.recorded("measured_at")}) == 2
    lines = site.job.marts.sql(
        "select status_type, identifiers, revenue, delivered_revenue "
        "from metrica_export.tied_orders where revenue is not null"
    )
    assert [(s, i, float(r), float(d)) for s, i, r, d in lines] == [("paid", "all", 100.5, 201)] * 2
    assert len(site.recorded("1")) == 2 * 11


def test_measure_counts_an_order_under_its_last_status(site: Site) -> None:
    for status in ("CANCELLED", "PAID"):
        site.job.marts.orders(
            "2", client_uniq_id="c2", order_status=status, create_date_time=wall()
        )
        site.job.run()
    types = cohort_of(site.shown())["status_types"]
    assert (types["paid"]["delivered"], types["paid"]["tied"]) == (4, 2)
    assert types["in_progress"]["delivered"] == types["cancelled"]["delivered"] - 1 == 0


def test_measure_orders_of_others_count_in_the_rate_and_not_by_client_id(site: Site) -> None:
    header = "id,client_uniq_id,client_type,create_date_time,order_status\n"
    row = f"foreign,c1,CONTACT,{wall()},PAID\n"
    mapping = ",".join(f'"{name}":"{name}"' for name in header.strip().split(","))
    site.job.emulator.upload("/data/orders/csv", header + row, columns_mapping=mapping)
    cohort = cohort_of(site.shown("--by-client"))
    assert (cohort["tied"], cohort["by_client"]["tied"]) == (4, 3)


def test_measure_splits_orders_by_client_id(site: Site) -> None:
    site.job.marts.contacts("c6", client_ids="106")
    site.job.marts.contacts("c7", client_ids="107")
    for order, contact in (("7", "c6"), ("8", "c7")):
        site.job.marts.orders(order, client_uniq_id=contact, create_date_time=wall())
    site.job.run()
    # A visit that is too late for the order of its visitor: known, and tied to nothing.
    site.put_visits(
        {"visit_id": "v1", "started_at": wall(), "client_id": "101"},
        {"visit_id": "v2", "started_at": wall(), "client_id": "103"},
        {"visit_id": "v3", "started_at": wall(), "client_id": "106"},
    )
    site.job.marts.sql("delete from metrica_export.tied_orders")
    cohort = cohort_of(site.shown("--by-client"))
    assert cohort["by_client"] == {
        "orders": 5,
        "left_out": 0,
        "unknown_visitor": 1,
        "tied": 4,
        "visits_without_tie": 0,
    }
    assert cohort["identifiers"]["client_id"]["tied"] == 4


def test_measure_without_orders_by_client_id_still_looks_up_visitors(site: Site) -> None:
    site.job.emulator.switches(clientid_with_orders="4011")
    found = site.shown("--by-client")
    assert cohort_of(found)["by_client"] == {
        "orders": 3,
        "left_out": 0,
        "unknown_visitor": 0,
        "tied": None,
        "visits_without_tie": None,
    }
    assert "refuses counts of orders by ClientID" in found["notes"][0]
    assert cohort_of(found)["tied"] == 3


def test_measure_waits_for_metrica_unless_it_is_told_not_to(site: Site) -> None:
    result = site.measure()
    error = result.exception
    assert getattr(error, "exit_code", None) == 7
    assert "Too early: the last upload ended 0 minutes ago" in str(error)
    assert site.recorded("1") == []
    site.job.marts.sql(
        "update metrica_export.ledger_uploads set finished_at = now() - interval '121 minutes'"
    )
    assert site.measure().exit_code == 0


@pytest.mark.parametrize("quota_error", ["quota_requests_by_uid", "quota_requests_by_ip"])
@pytest.mark.usefixtures("waits")
def test_measure_used_up_quota_is_unknown(site: Site, quota_error: str) -> None:
    site.job.emulator.switches(report_quota_error=quota_error)
    site.job.emulator.quotas(reports_in_5_minutes=0)
    error = site.fails()
    assert getattr(error, "exit_code", None) == 7
    assert "quota of the Reports API" in str(error)
    assert site.recorded("1") == []


def test_measure_sampled_answer_is_unknown_and_never_a_count(site: Site) -> None:
    site.job.emulator.switches(report_sampled="unless_full")
    assert cohort_of(site.shown())["tied"] == 3
    site.job.emulator.switches(report_sampled="always")
    error = site.fails()
    assert getattr(error, "exit_code", None) == 7
    assert "sampled" in str(error)
    assert len(site.recorded("1")) == 11


def test_measure_before_metrica_processed_an_upload_is_no_error(site: Site) -> None:
    site.job.emulator.switches(report_delay=120)
    assert site.shown()["cohorts"] == []
    result = site.measure("--early")
    assert "no upload has been processed" in result.stdout
    assert site.recorded("1") == []
    site.job.emulator.switches(goals_before_upload="on")
    assert cohort_of(site.shown())["tied"] == 0


def test_measure_counts_an_upload_once_metrica_has_processed_it(site: Site) -> None:
    site.job.emulator.switches(report_delay=120)
    site.job.emulator.move_clock(7_300)
    assert cohort_of(site.shown())["tied"] == 3


@pytest.mark.parametrize(
    "switches",
    [
        {"all_orders_spam": "included"},
        {"report_order_day": "creation"},
        {"report_zero_rows": "returned"},
        {"quota_status": "420"},
    ],
    ids=lambda switches: next(iter(switches)),
)
def test_measure_gives_equal_counts_under_every_reading(
    site: Site, switches: dict[str, str]
) -> None:
    expected = cohort_of(site.shown())["status_types"]
    site.job.emulator.switches(**switches)
    assert cohort_of(site.shown())["status_types"] == expected


def test_measure_revenue_may_be_converted(site: Site) -> None:
    site.job.emulator.switches(report_currency="converted")
    site.put_visits(
        {"visit_id": "v9", "started_at": wall(), "phones": "79995551111"},
        {"visit_id": "v1", "started_at": wall(), "client_id": "101"},
    )
    assert cohort_of(site.shown())["money"]["revenue"] > 201


def test_measure_threshold_ends_with_1(site: Site) -> None:
    assert site.measure("--early", "--at-least", "0.5").exit_code == 0
    result = site.measure("--early", "--at-least", "0.51")
    assert result.exit_code == 1
    assert f"The rate of {HERE} is below 0.51" in result.stderr


def test_measure_zero_delivered_orders_have_no_rate(site: Site) -> None:
    found = cohort_of(site.shown("--cohort", "2021-01", "--at-least", "0.9"), "2021-01")
    assert (found["delivered"], found["tied"], found["rate"]) == (0, 0, None)


def test_measure_order_past_the_window_is_named(site: Site) -> None:
    site.job.marts.orders("9", client_uniq_id="c1", create_date_time=wall(60))
    site.job.run()
    month = wall(60)[:7]
    found = cohort_of(site.shown(), month)
    assert (found["delivered"], found["in_window"], found["tied"]) == (1, 0, 0)
    assert site.measure("--early", "--cohort", month, "--at-least", "0.1").exit_code == 0


def test_measure_month_is_that_of_the_counters_zone(site: Site) -> None:
    # 23:59 on the last day, and 00:00 on the first, both by the counter's clock.
    last, first = f"{MONTH - timedelta(days=1)} 23:59:59", f"{MONTH} 00:00:00"
    site.job.marts.orders("10", client_uniq_id="c1", create_date_time=last)
    site.job.marts.orders("11", client_uniq_id="c1", create_date_time=first)
    site.job.run()
    found = site.shown("--cohort", BEFORE, "--cohort", HERE)
    assert cohort_of(found, BEFORE)["delivered"] == 1
    assert cohort_of(found, HERE)["delivered"] == 7
    # A visit is in the month of its day. The last second is in the next month's window, too.
    site.put_visits(
        {"visit_id": "v1", "started_at": last, "client_id": "101"},
        {"visit_id": "v2", "started_at": first, "client_id": "102"},
    )
    found = site.shown("--cohort", BEFORE, "--cohort", HERE)
    before, here = (cohort_of(found, month) for month in (BEFORE, HERE))
    assert before["tied"] >= 1
    assert here["tied"] == 2
    assert here["tied_at_most"] == before["tied"] + here["tied"]
    assert before["tied_at_most"] == here["tied_at_most"]


def test_measure_simple_orders(job: Job) -> None:
    job.marts.simple_orders("1", client_ids="101", create_date_time=wall(), order_status="PAID")
    job.marts.simple_orders("2", create_date_time=wall(), order_status="IN_PROGRESS")
    assert job.sent(("simple_orders",), form=Form("simple")) == {"simple_orders": 2}
    site = Site(job)
    site.visits(v1="101")
    cohort = cohort_of(site.shown())
    assert (cohort["delivered"], cohort["tied"]) == (2, 1)
    assert cohort["identifiers"]["client_id"]["delivered"] == 1
    assert cohort["identifiers"]["email"]["delivered"] == 1


def test_measure_expects_what_the_months_before_had(site: Site) -> None:
    assert cohort_of(site.shown())["expected"] is None
    # Without an earlier month, the month's own earlier rate counts: 3 of 5 with an identifier.
    cohort = cohort_of(site.shown())
    assert cohort["rates_from"] == [HERE]
    assert cohort["expected"] == 3.0
    site.job.marts.sql(
        "insert into metrica_export.tied_orders (counter_id, cohort, status_type, identifiers, "
        f"delivered, in_window, tied, measured_at) select {site.job.emulator.counter}, "
        "date '2026-01-01', 'all', k, n, n, t, now() from (values ('all', 30, 10), "
        "('client_id', 10, 8), ('email', 20, null)) as v (k, n, t)"
    )
    cohort = cohort_of(site.shown())
    assert cohort["rates_from"] == ["2026-01"]
    expected = {kind: found["expected"] for kind, found in cohort["identifiers"].items()}
    assert expected == {"client_id": 2.4, "phone": 0.1, "email": 0.1, "hash": 0.0, "none": 0.0}
    assert cohort["expected"] == 2.6


def test_plan_shows_the_forecast_of_new_orders(site: Site) -> None:
    job = site.job
    job.marts.orders("20", client_uniq_id="c1", create_date_time=wall())
    job.marts.orders("21", client_uniq_id="c3", create_date_time=wall())
    job.marts.orders("22", client_uniq_id="c5", create_date_time=wall())
    job.marts.orders("23", client_uniq_id="c1", create_date_time=wall(30))
    job.marts.contacts("c8", client_ids="108")
    job.marts.orders("24", client_uniq_id="c8", create_date_time=wall())
    job.marts.orders("1", client_uniq_id="c1", order_status="CANCELLED", create_date_time=wall())
    assert job.plan().forecast is None
    site.shown()
    forecast = job.plan().forecast
    assert forecast is not None
    # 3 of 5 with an identifier were tied; order 22 has none, and order 23 is past the window.
    assert forecast.as_dict() == {"orders": 4, "tied": 1.8, "rates_from": [HERE]}


def test_measure_rate_is_that_of_an_independent_count(site: Site) -> None:
    """The emulator's own tables, joined by SQL that shares no code with its reports."""
    job = site.job
    for n in range(30, 90):
        job.marts.contacts(f"p{n}", client_ids=str(1_000 + n))
        job.marts.orders(str(n), client_uniq_id=f"p{n}", create_date_time=wall(n % 20))
    job.run()
    site.put_visits(
        *(
            {"visit_id": f"x{n}", "started_at": wall(n % 20 + 0.01), "client_id": str(1_000 + n)}
            for n in range(30, 90, 3)
        )
    )
    found = {cohort["cohort"]: cohort["tied"] for cohort in site.shown()["cohorts"]}
    assert sum(found.values()) == 20
    with closing(sqlite3.connect(job.emulator.state)) as state:
        truth = dict(state.execute(TIED_BY_MONTH).fetchall())
    assert {month: n for month, n in found.items() if n} == truth


TIED_BY_MONTH = """
with keys as (
    select v.visit_id, v.started_at, k.value as key
    from visits as v, json_each(v.keys) as k
),
pairs as (
    select
        o.id,
        k.started_at,
        row_number() over (
            partition by o.id
            order by abs(julianday(k.started_at) - julianday(o.create_date_time)), k.visit_id
        ) as place
    from orders as o
    join contacts as c on o.client_uniq_id = c.uniq_id
    join json_each(c.client_ids) as i
    join keys as k on k.key = 'client_id:' || i.value
)
select substr(started_at, 1, 7), count(*) from pairs where place = 1 group by 1
"""


def test_measure_writes_no_client_id_anywhere(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    site.job.marts.contacts("c9", client_ids="5550001112223334445")
    site.job.marts.orders("30", client_uniq_id="c9", create_date_time=wall())
    site.job.run()
    site.job.emulator.switches(clientid_with_orders="4011")
    result = site.measure("--early", "--by-client")
    site.job.emulator.fault("status:500", "/stat/", times=1)
    again = site.measure("--early", "--by-client")
    assert (result.exit_code, again.exit_code) == (0, 0)
    captured = capfd.readouterr()
    outputs = (result.output, again.output, caplog.text, captured.out, captured.err)
    for text in (*outputs, str(site.recorded("*"))):
        assert "5550001112223334445" not in text
        assert "clientID" not in text


def tied_report(job: Job, goals: dict[str, int], budget: int = 30) -> TiedReport:
    api = Api(job.emulator.url, job.emulator.counter, job.emulator.token)
    return TiedReport(Reports(api, budget), goals)


def test_tied_report_names_metrics_that_metrica_refuses(site: Site) -> None:
    # Metrica refuses a goal that somebody deleted meanwhile.
    report = tied_report(site.job, {"cdp_order_paid": 9})
    cohort = Cohort(MONTH)
    found = report.read([cohort], MONTH + timedelta(days=31))
    assert set(found.refused) == {"ym:s:goal9visits", "ym:s:goal9reaches"}
    assert all("error code 4002" in why for why in found.refused.values())
    assert found.by_cohort[cohort].all() == 3
    assert report.reports.requests <= 12


def test_tied_report_ends_with_its_budget_of_requests(site: Site) -> None:
    with pytest.raises(QuotaError, match="Reports API"):
        tied_report(site.job, {"a": 8, "b": 9}, budget=3).read([Cohort(MONTH)], MONTH)


def test_tied_report_that_metrica_refuses_as_a_whole_is_an_error(site: Site) -> None:
    site.job.emulator.fault("status:400:query_error", "/stat/", times=2)
    with pytest.raises(MetricaError, match="400"):
        tied_report(site.job, {}).read([Cohort(MONTH)], MONTH)


def test_tied_orders_without_a_status_type_fall_back_to_metricas_own_sum() -> None:
    counts = dict.fromkeys(BY_TYPE.values(), 1.0)
    assert Tied(counts | {ORDERS: 4.0}, {}).all() == 5
    del counts[BY_TYPE["spam"]]
    tied = Tied(counts | {ORDERS: 4.0}, {})
    assert (tied.all(), tied.by_type()["spam"]) == (4, None)
    assert tied.at_most() is None


def visitors(n: int, ids: int = 1) -> list[tuple[list[str], int]]:
    return [([str(10**15 + i * ids + j) for j in range(ids)], 2) for i in range(n)]


def test_client_report_takes_whole_contacts_until_its_requests_are_full(site: Site) -> None:
    report = ClientReport(tied_report(site.job, {}).reports)
    found = report.read(Cohort(MONTH), visitors(200_000, 3), 400_000, 2, MONTH)
    assert (found.orders, found.left_out) == (2 * (200 // 3), 400_000 - 2 * (200 // 3))
    assert found.unknown == found.orders
    assert report.reports.requests == 2


def test_client_report_never_sends_what_is_no_client_id(site: Site) -> None:
    report = ClientReport(tied_report(site.job, {}).reports)
    hostile = [(["1') OR ym:s:visits>0"], 1), (["٣"], 1), (["101"], 1)]
    found = report.read(Cohort(MONTH), hostile, 3, 5, MONTH + timedelta(days=31))
    assert (found.orders, found.left_out, found.tied) == (1, 2, 1)


def test_client_report_without_requests_leaves_all_out(site: Site) -> None:
    report = ClientReport(tied_report(site.job, {}, budget=0).reports)
    found = report.read(Cohort(MONTH), visitors(3), 6, 0, MONTH)
    assert (found.orders, found.left_out) == (0, 6)


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 27), ["2026-08", "2026-09", "2026-10", "2026-11"]),
        (date(2027, 1, 1), ["2026-09", "2026-10", "2026-11", "2026-12", "2027-01"]),
    ],
)
def test_cohorts_by_default_are_the_months_that_can_change(
    today: date, expected: list[str]
) -> None:
    assert list(map(str, changeable(today))) == expected


def test_cohort_window_is_21_days_before_and_a_day_after() -> None:
    cohort = Cohort.parse("2026-12")
    assert (cohort.first, cohort.end) == (date(2026, 12, 1), date(2027, 1, 1))
    assert cohort.window == (date(2026, 11, 10), date(2027, 1, 1))
    assert Cohort.parse("2020-10").window[0] == date(2020, 10, 26)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-1", "october", "2020-09", "0000-01", "2026-10-01", "٢٠٢٦-10", ""]
)
def test_cohort_that_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--cohort"):
        Cohort.parse(text)


def test_measure_month_that_has_not_begun_is_refused(site: Site) -> None:
    error = site.fails("--cohort", f"{MONTH.year + 1}-01")
    assert getattr(error, "exit_code", None) == 2


def test_measure_needs_a_ledger_and_a_delivered_order(job: Job) -> None:
    error = Site(job).fails()
    assert (getattr(error, "exit_code", None), "no ledger yet" in str(error)) == (5, True)
    job.marts.contacts("c1")
    job.run()
    error = Site(job).fails()
    assert (getattr(error, "exit_code", None), "No order" in str(error)) == (5, True)


def test_measure_month_of_the_autumn_hour_has_each_order_once(tmp_path: Path) -> None:
    # 02:30 came twice on this night in Berlin, whose October is an hour longer.
    with RunningEmulator(time_zone="Europe/Berlin") as emulator:
        (folder := tmp_path / "berlin").mkdir()
        job = Job(make_marts(folder, None, "Europe/Berlin"), emulator)
        job.marts.contacts("c1", client_ids="101")
        moments = ("2025-10-01 00:00:00", "2025-10-26 02:30:00", "2025-10-31 23:59:59")
        for order, moment in enumerate((*moments, "2025-09-30 23:59:59", "2025-11-01 00:00:00")):
            job.marts.orders(str(order), client_uniq_id="c1", create_date_time=moment)
        job.run()
        found = cohort_of(Site(job).shown("--cohort", "2025-10"), "2025-10")
    assert (found["delivered"], found["in_window"]) == (3, 0)


def test_measure_without_access_ends_with_4(site: Site) -> None:
    site.job.emulator.fault("status:403:access_denied", "/stat/")
    error = site.fails()
    assert getattr(error, "exit_code", None) == 4
    assert site.recorded("1") == []
