"""The Reports API: counts of the orders that are tied to visits."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from tests.support.emulator_fixture import RunningEmulator

DAY = 86_400
HEADER = "id,client_uniq_id,client_type,create_date_time,order_status,revenue,cost,currency\n"
ORDERS = ("AllOrders", "InProgress", "Payed", "Spam", "Cancelled", "Other")
COUNTS = ",".join(f"ym:s:cdpOrders{name}" for name in ORDERS)


def wall(days_ago: float) -> str:
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    return moment.astimezone(ZoneInfo("Europe/Moscow")).strftime("%Y-%m-%d %H:%M:%S")


def give(emulator: RunningEmulator, *visits: tuple[str, float, str]) -> None:
    """Give the site visits: id, days ago, ClientID."""
    rows = [{"visit_id": v, "started_at": wall(ago), "client_id": c} for v, ago, c in visits]
    requests.post(f"{emulator.url}/debug/visits", json=rows, timeout=10).raise_for_status()


def send(emulator: RunningEmulator, *orders: tuple[str, float, str, str]) -> None:
    """Upload orders, each with a contact of its own: ClientID, days ago, status, currency."""
    people = "".join(f"{client},{client}\n" for client, *_ in orders)
    emulator.upload("/data/contacts/csv", f"uniq_id,client_ids\n{people}")
    rows = (
        f"{n},{client},CONTACT,{wall(ago)},{status},100,40,{currency}\n"
        for n, (client, ago, status, currency) in enumerate(orders)
    )
    emulator.upload("/data/orders/csv", HEADER + "".join(rows))


@pytest.fixture(autouse=True)
def site(emulator: RunningEmulator) -> None:
    """Two visits yesterday and one before, five orders tied, one without a visit."""
    give(emulator, ("v1", 1, "77"), ("v2", 1, "78"), ("v3", 3, "79"))
    send(
        emulator,
        *[("77", 1, status, "RUB") for status in ("IN_PROGRESS", "PAID", "SPAM")],
        ("78", 1, "PAID", "USD"),
        ("79", 3, "CANCELLED", "RUB"),
        ("80", 1, "PAID", "RUB"),
    )


def report(emulator: RunningEmulator, metrics: str, **given: str) -> requests.Response:
    params = {"ids": str(emulator.counter), "metrics": metrics, "accuracy": "full", **given}
    path = params.pop("path", "/stat/v1/data")
    return emulator.call_url("GET", f"{emulator.url}{path}", params=params)


def body(emulator: RunningEmulator, metrics: str, **given: str) -> dict[str, Any]:
    answer = report(emulator, metrics, **given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def totals(emulator: RunningEmulator, metrics: str, **given: str) -> list[float | None]:
    found: list[float | None] = body(emulator, metrics, **given)["totals"]
    return found


def rows(emulator: RunningEmulator, metrics: str, **given: str) -> list[tuple[Any, ...]]:
    return [
        (*(each["name"] for each in row["dimensions"]), *row["metrics"])
        for row in body(emulator, metrics, **given)["data"]
    ]


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    found = answer.json()
    assert "location" not in found["errors"][0]
    return answer.status_code, found["errors"][0]["error_type"], found["message"][-4:]


def crm_goals(emulator: RunningEmulator) -> dict[str, int]:
    url = f"{emulator.url}/management/v1/counter/{emulator.counter}/goals"
    listed = emulator.call_url("GET", url).json()["goals"]
    return {goal["type"]: goal["id"] for goal in listed}


def test_reports_count_tied_orders_by_status_type(emulator: RunningEmulator) -> None:
    assert totals(emulator, COUNTS) == [4, 1, 2, 1, 1, 0]
    assert totals(emulator, "ym:s:visits,ym:s:users") == [3, 3]


def test_reports_order_stands_on_the_day_of_its_visit_or_its_own(
    emulator: RunningEmulator,
) -> None:
    # The contact's visit was two days before the order.
    send(emulator, ("79", 1, "PAID", "RUB"))
    metrics, days = "ym:s:visits,ym:s:cdpOrdersPayed", {"dimensions": "ym:s:date"}
    visit_day, order_day = wall(3)[:10], wall(1)[:10]
    assert {day: paid for day, _, paid in rows(emulator, metrics, **days)}[visit_day] == 1
    emulator.switches(report_order_day="creation")
    by_day = {day: (visits, paid) for day, visits, paid in rows(emulator, metrics, **days)}
    assert by_day[visit_day] == (1, 0)
    assert by_day[order_day] == (2, 3)


def test_reports_spam_counts_in_all_orders_by_switch(emulator: RunningEmulator) -> None:
    metrics = "ym:s:cdpOrdersAllOrders,ym:s:cdpOrdersConversionIntoPayment"
    assert totals(emulator, metrics) == [4, 50]
    emulator.switches(all_orders_spam="included")
    assert totals(emulator, metrics) == [5, 40]


def test_reports_money_is_that_of_paid_orders_in_one_currency(emulator: RunningEmulator) -> None:
    money = ",".join(f"ym:s:cdpOrders{name}" for name in ("RUBRevenue", "RUBProfit", "USDRevenue"))
    assert totals(emulator, money) == [100, 60, 100]
    assert totals(emulator, "ym:s:cdpOrders<currency>Revenue", currency="USD") == [100]
    emulator.switches(report_currency="converted")
    [revenue, profit, _] = totals(emulator, money)
    assert (revenue or 0) > 100
    assert (profit or 0) > 60


def test_reports_goals_are_named_by_their_number(emulator: RunningEmulator) -> None:
    goals = crm_goals(emulator)
    created = goals["cdp_order_in_progress"]
    metrics = f"ym:s:goal{created}reaches,ym:s:goal{created}visits,ym:s:goal{created}users"
    assert totals(emulator, metrics) == [3, 2, 2]
    assert totals(emulator, f"ym:s:goal{goals['cdp_order_cancelled']}reaches") == [1]
    assert refusal(report(emulator, "ym:s:goal9reaches")) == (400, "invalid_parameter", "4002")


def test_reports_division_by_zero_is_null(emulator: RunningEmulator) -> None:
    metrics = "ym:s:cdpOrdersConversionIntoPayment,ym:s:cdpOrdersRUBAverageCheque"
    assert totals(emulator, metrics, date1="2021-01-01", date2="2021-01-02") == [None, None]


def test_reports_are_filtered_and_grouped_by_client_id(emulator: RunningEmulator) -> None:
    metrics, given = "ym:s:visits,ym:s:cdpOrdersAllOrders", {"dimensions": "ym:s:clientID"}
    filters = "ym:s:clientID=.('77','79','80')"
    found = rows(emulator, metrics, filters=filters, sort="ym:s:clientID", **given)
    assert found == [("77", 1, 2), ("79", 1, 1)]
    both = f"{filters} AND ym:s:date>='{wall(1)[:10]}'"
    assert rows(emulator, metrics, filters=both, **given) == [("77", 1, 2)]
    one = rows(emulator, metrics, filters="ym:s:clientID=='79'", dimensions="ym:s:date")
    assert one == [(wall(3)[:10], 1, 1)]
    emulator.switches(clientid_with_orders="4011")
    answer = report(emulator, metrics, filters=filters, **given)
    assert refusal(answer) == (400, "invalid_parameter", "4011")
    assert len(rows(emulator, "ym:s:visits", filters=filters, **given)) == 2


def test_reports_default_sort_is_descending_by_the_first_metric(emulator: RunningEmulator) -> None:
    found = body(emulator, "ym:s:visits", dimensions="ym:s:date", limit="1")
    assert found["query"]["sort"] == ["-ym:s:visits"]
    assert (found["total_rows"], found["totals"]) == (2, [3])
    assert [row["metrics"] for row in found["data"]] == [[2]]
    assert (found["min"], found["max"]) == ([1], [2])
    later = body(emulator, "ym:s:visits", dimensions="ym:s:date", offset="2")
    assert [row["metrics"] for row in later["data"]] == [[1]]


def test_reports_rows_of_zeros_are_left_out_unless_the_switch_returns_them(
    emulator: RunningEmulator,
) -> None:
    dates = {"date1": wall(3)[:10], "date2": wall(0)[:10]}
    paid = "ym:s:cdpOrdersPayed"
    assert len(rows(emulator, paid, dimensions="ym:s:date", **dates)) == 1
    nothing = body(emulator, paid, date1="2021-01-01", date2="2021-01-02")
    assert (nothing["data"], nothing["totals"]) == ([], [0])
    emulator.switches(report_zero_rows="returned")
    assert len(rows(emulator, paid, dimensions="ym:s:date", **dates)) == 4


def test_reports_sampled_answer_says_so(emulator: RunningEmulator) -> None:
    emulator.switches(report_sampled="unless_full")
    assert body(emulator, COUNTS)["sampled"] is False
    sampled = body(emulator, COUNTS, accuracy="medium")
    assert (sampled["sampled"], sampled["sample_share"]) == (True, 0.1)
    assert (sampled["sample_space"], sampled["sample_size"]) == (3, 0)
    emulator.switches(report_sampled="always")
    assert body(emulator, COUNTS)["sampled"] is True


def test_reports_and_goals_lag_behind_an_upload(emulator: RunningEmulator) -> None:
    emulator.switches(report_delay=120)
    assert totals(emulator, COUNTS) == [0] * 6
    assert crm_goals(emulator) == {}
    emulator.move_clock(7_300)
    assert totals(emulator, COUNTS) == [4, 1, 2, 1, 1, 0]
    assert len(crm_goals(emulator)) == 4
    # The counters move when the new status has been processed, and not before.
    send(emulator, ("77", 1, "PAID", "RUB"))
    assert totals(emulator, COUNTS) == [4, 1, 2, 1, 1, 0]
    emulator.move_clock(15_000)
    assert totals(emulator, COUNTS) == [4, 0, 3, 1, 1, 0]


def test_reports_goals_may_be_there_before_the_first_upload(emulator: RunningEmulator) -> None:
    emulator.reset()
    assert crm_goals(emulator) == {}
    emulator.switches(goals_before_upload="on")
    assert len(crm_goals(emulator)) == 4


def test_reports_tied_orders_fall_when_visits_are_recomputed(emulator: RunningEmulator) -> None:
    give(emulator, ("v1", 1, "77"))
    assert totals(emulator, COUNTS) == [2, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"dimensions": "ym:s:cdpOrderStatus"}, (400, "invalid_parameter", "4001")),
        ({"filters": "ym:s:cdpOrderStatus=='PAID'"}, (400, "invalid_parameter", "4001")),
        ({"metrics": "ym:s:Visits"}, (400, "invalid_parameter", "4002")),
        ({"metrics": "ym:s:cdpOrdersKZTRevenue"}, (400, "invalid_parameter", "4002")),
        ({"dimensions": "ym:pv:date"}, (400, "invalid_parameter", "4011")),
        ({"metrics": ",".join(["ym:s:visits"] * 21)}, (400, "invalid_parameter", "4015")),
        ({"dimensions": ",".join(["ym:s:date"] * 11)}, (400, "invalid_parameter", "ons.")),
        ({"ids": "1"}, (403, "access_denied", "ter.")),
        (
            {"filters": f"ym:s:clientID=.({','.join(['1'] * 101)})"},
            (400, "filter_limits", "ues."),
        ),
        (
            {"filters": " AND ".join(["ym:s:date>'2026-01-01'"] * 21)},
            (400, "filter_limits", "ong."),
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value[2],
)
def test_reports_bad_query_is_refused_without_a_location(
    emulator: RunningEmulator, given: dict[str, str], expected: tuple[int, str, str]
) -> None:
    metrics = given.pop("metrics", "ym:s:visits")
    assert refusal(report(emulator, metrics, **given)) == expected


@pytest.mark.parametrize(
    ("given", "location"),
    [
        ({"metrics": ""}, "metrics"),
        ({"ids": ""}, "ids"),
        ({"date1": "2026-02-30"}, "date1"),
        ({"date1": "today", "date2": "yesterday"}, "date1"),
        ({"limit": "100001"}, "limit"),
        ({"offset": "0"}, "offset"),
        ({"sort": "ym:s:users"}, "sort"),
        ({"filters": "ym:s:clientID=='1','2'"}, "filters"),
        ({"filters": "ym:s:clientID=.'1'"}, "filters"),
        ({"timezone": "+03:00"}, "timezone"),
    ],
    ids=str,
)
def test_reports_bad_parameter_is_named(
    emulator: RunningEmulator, given: dict[str, str], location: str
) -> None:
    metrics = given.pop("metrics", "ym:s:visits")
    answer = report(emulator, metrics, **given)
    assert (answer.status_code, answer.json()["errors"][0]["location"]) == (400, location)


def test_reports_have_a_quota_of_five_minutes_apart_from_others(emulator: RunningEmulator) -> None:
    emulator.quotas(reports_in_5_minutes=2)
    assert [report(emulator, "ym:s:visits").status_code for _ in range(3)] == [200, 200, 429]
    found = report(emulator, "ym:s:visits").json()["errors"][0]["error_type"]
    assert found == "quota_requests_by_uid"
    emulator.switches(report_quota_error="quota_requests_by_ip")
    found = report(emulator, "ym:s:visits").json()["errors"][0]["error_type"]
    assert found == "quota_requests_by_ip"
    assert emulator.call("GET", "/last_uploadings").status_code == 200
    emulator.move_clock(301)
    assert report(emulator, "ym:s:visits").status_code == 200


def test_reports_by_time_are_cut_to_the_top_keys(emulator: RunningEmulator) -> None:
    given = {"path": "/stat/v1/data/bytime", "date1": wall(3)[:10], "date2": wall(1)[:10]}
    by_day = body(emulator, "ym:s:visits,ym:s:cdpOrdersPayed", group="day", **given)
    assert by_day["totals"] == [[1, 0, 2], [0, 0, 2]]
    people = body(
        emulator, "ym:s:visits", group="all", dimensions="ym:s:clientID", top_keys="2", **given
    )
    assert (len(people["data"]), people["total_rows"]) == (2, 3)
    assert people["data"][0]["metrics"] == [[1]]
    answer = report(emulator, "ym:s:visits", limit="10", **given)
    assert answer.json()["errors"][0]["location"] == "limit"


def test_reports_leave_out_visitors_without_a_client_id_unless_asked(
    emulator: RunningEmulator,
) -> None:
    row = {"visit_id": "v9", "started_at": wall(1), "emails": "a@b.ru"}
    requests.post(f"{emulator.url}/debug/visits", json=[row], timeout=10).raise_for_status()
    given = {"dimensions": "ym:s:clientID"}
    found = body(emulator, "ym:s:visits", **given)
    assert (found["data"], found["totals"]) == ([], [1])
    assert rows(emulator, "ym:s:visits", include_undefined="true", **given) == [(None, 1)]
