"""The Reports API's client, against a server that answers as nobody should."""

import gzip
import json
import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from metrica_export.commands.measure.tied import check_complete
from metrica_export.errors import MetricaError, QuotaError, UnknownRateError
from metrica_export.metrica.http import BadRequestError
from metrica_export.metrica.reports import Report, Reports, Row

from tests.support.scripted_fixture import COUNTER, TOKEN, Reply, ScriptedServer, ok, refusal

DAYS = (date(2026, 10, 1), date(2026, 10, 31))
METRICS = ("ym:s:visits", "ym:s:cdpOrdersPayed")
GOOD: dict[str, Any] = {
    "data": [{"dimensions": [{"name": "2026-10-02"}], "metrics": [3.0, 1]}],
    "totals": [3.0, 1],
    "total_rows": 1,
    "sampled": False,
    "sample_share": 1.0,
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as started:
        yield started


def ask(server: ScriptedServer, *script: Reply, filters: str = "") -> Report:
    server.will(*script)
    return Reports(server.api).sums(METRICS, DAYS, ("ym:s:date",), filters)


def test_reports_ask_for_everything_in_one_request(server: ScriptedServer) -> None:
    found = ask(server, ok(**GOOD), filters="ym:s:clientID=.('1','2')")
    assert found.rows == [Row(("2026-10-02",), (3.0, 1.0))]
    assert (found.totals, found.is_sampled, found.has_all_rows) == ((3.0, 1.0), False, True)
    [asked] = server.asked
    assert (asked.method, asked.path) == ("GET", "/stat/v1/data")
    assert asked.headers["Authorization"] == f"OAuth {TOKEN}"
    assert asked.params == {
        "ids": str(COUNTER),
        "metrics": ",".join(METRICS),
        "dimensions": "ym:s:date",
        "date1": "2026-10-01",
        "date2": "2026-10-31",
        "filters": "ym:s:clientID=.('1','2')",
        "accuracy": "full",
        "limit": "100000",
    }


def test_reports_compressed_answer_is_read(server: ScriptedServer) -> None:
    body = gzip.compress(json.dumps(GOOD).encode())
    assert ask(server, Reply(body=body, headers={"Content-Encoding": "gzip"})).totals == (3.0, 1.0)


def test_reports_null_is_no_number(server: ScriptedServer) -> None:
    rows = [{"dimensions": [{"name": None, "id": None}], "metrics": [3, None]}]
    found = ask(server, ok(**GOOD | {"data": rows, "totals": [3, None]}))
    assert found.rows == [Row((None,), (3.0, None))]
    assert found.totals == (3.0, None)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html><body>a proxy's page</body></html>"),
        Reply(body=b"[]"),
        ok(),
        ok(**{key: value for key, value in GOOD.items() if key != "totals"}),
        ok(**{key: value for key, value in GOOD.items() if key != "data"}),
        ok(**GOOD | {"totals": [3.0]}),
        ok(**GOOD | {"totals": ["3", 1]}),
        ok(**GOOD | {"totals": [True, 1]}),
        ok(**GOOD | {"totals": [1e300, 1]}),
        Reply(body=json.dumps(GOOD | {"totals": [1, 2]}).replace("[1, 2]", "[NaN, 1]").encode()),
        ok(**GOOD | {"data": [None]}),
        ok(**GOOD | {"data": [{"dimensions": [], "metrics": [3, 1]}]}),
        ok(**GOOD | {"data": [{"dimensions": [{"name": "2026-10-02"}], "metrics": [3]}]}),
        ok(**GOOD | {"data": [{"dimensions": [{"name": "2026-10-02"}]}]}),
    ],
    ids=lambda reply: reply.body[:60].decode(),
)
def test_reports_odd_answer_is_refused(server: ScriptedServer, reply: Reply) -> None:
    with pytest.raises(MetricaError, match="no report with rows and totals"):
        ask(server, reply)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"sampled": True, "sample_share": 0.1}, (True, 0.1)),
        ({"sampled": True, "sample_share": "all"}, (True, None)),
        ({"sampled": True, "sample_share": 1.0}, (True, 1.0)),
        ({"sampled": None}, (True, 1.0)),
        ({"sampled": False, "sample_share": 1.0}, (False, 1.0)),
    ],
)
def test_reports_answer_is_sampled_unless_it_says_no(
    server: ScriptedServer, changed: dict[str, Any], expected: tuple[bool, float | None]
) -> None:
    found = ask(server, ok(**GOOD | changed))
    assert (found.is_sampled, found.share) == expected


def test_reports_refused_query_shows_the_error_code_and_none_of_its_text(
    server: ScriptedServer,
) -> None:
    text = "Wrong value ym:s:clientID=.('123456'), error code: 4002"
    body = {"errors": [{"error_type": "invalid_parameter", "message": text}], "message": text}
    with pytest.raises(BadRequestError) as caught:
        ask(server, Reply(400, json.dumps(body).encode()))
    assert str(caught.value) == (
        "GET /stat/v1/data: Metrica answered 400 (invalid_parameter), error code 4002 "
        "(not retryable)."
    )


def test_reports_forbidden_answer_names_the_token(server: ScriptedServer) -> None:
    with pytest.raises(MetricaError, match="METRICA_TOKEN"):
        ask(server, refusal(403, "access_denied"))


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("status", [420, 429])
@pytest.mark.parametrize("kind", ["quota_requests_by_uid", "quota_requests_by_ip", ""])
def test_reports_quota_is_named_and_not_that_of_uploads(
    server: ScriptedServer, status: int, kind: str
) -> None:
    with pytest.raises(QuotaError) as caught:
        ask(server, *[refusal(status, kind)] * 6)
    assert "quota of the Reports API" in str(caught.value)
    assert "daily-requests" not in str(caught.value)


def test_reports_budget_ends_before_another_request(server: ScriptedServer) -> None:
    reports = Reports(server.api, budget=1)
    server.will(ok(**GOOD))
    reports.sums(METRICS, DAYS, ("ym:s:date",))
    assert reports.left == 0
    with pytest.raises(QuotaError, match="Reports API"):
        reports.sums(METRICS, DAYS, ("ym:s:date",))
    assert len(server.asked) == 1


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    "reply",
    [
        Reply(cut=True),
        refusal(500, "backend_error"),
        Reply(body=b"x", headers={"Content-Length": "100"}),
        # urllib3 warns of this header, with the address of the request.
        Reply(body=json.dumps(GOOD).encode(), headers={"X-Odd": "1\r\n : no name"}),
    ],
    ids=["cut", "500", "short", "header"],
)
def test_reports_address_is_in_no_log_and_no_error(
    server: ScriptedServer, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = ""
    try:
        ask(server, *[reply] * 6, filters="ym:s:clientID=='5550001112223334445'")
    except MetricaError as error:
        text = f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
    assert len(server.asked) >= 1
    for told in (text, caplog.text):
        assert "5550001112223334445" not in told
        assert "filters" not in told
    assert logging.getLogger("urllib3").level == logging.NOTSET


ROW = [Row(("2026-10-02",), (3.0, 1.0))]


@pytest.mark.parametrize(
    "report",
    [
        Report(ROW, (3.0, 1.0)),
        Report([Row(("2026-10-02",), (3.0, None))], (3.0, None)),
        Report([], (0.0, 0.0)),
        Report([], (0.0, None)),
    ],
)
def test_tied_report_with_all_rows_is_complete(report: Report) -> None:
    check_complete(report)


@pytest.mark.parametrize(
    "report",
    [
        Report([], (3.0, 0.0)),
        Report(ROW, (4.0, 1.0)),
        Report(ROW, (3.0, 1.0), has_all_rows=False),
        Report(ROW, (3.0, 1.0), is_sampled=True),
    ],
)
def test_tied_report_that_lacks_rows_or_is_sampled_is_unknown(report: Report) -> None:
    with pytest.raises(UnknownRateError, match="Nothing was recorded"):
        check_complete(report)
