"""Faults on demand."""

import time
from typing import Any

import pytest
import requests

from tests.support.emulator_fixture import RunningEmulator

CSV = "/data/contacts/csv"


def upload(emulator: RunningEmulator, key: str = "1") -> requests.Response:
    return emulator.upload(CSV, f"uniq_id\n{key}\n")


def uploading(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()["uploading"]
    return found


def stored(emulator: RunningEmulator) -> list[str]:
    return [key for (key,) in emulator.sql("select uniq_id from contacts order by uniq_id")]


@pytest.mark.parametrize(
    ("status", "error_type"),
    [
        (400, "invalid_parameter"),
        (401, "unauthorized"),
        (403, "access_denied"),
        (420, "quota_requests_by_uid"),
        (429, "quota_requests_by_uid"),
        (500, "backend_error"),
        (503, "backend_error"),
        (504, "timeout"),
    ],
)
def test_any_error_status_can_be_asked_for(
    emulator: RunningEmulator, status: int, error_type: str
) -> None:
    emulator.fault(f"status:{status}", f"POST {CSV}", retry_after=7)
    answer = upload(emulator)
    assert answer.status_code == answer.json()["code"] == status
    assert answer.json()["errors"][0]["error_type"] == error_type
    assert answer.headers["Retry-After"] == "7"
    assert stored(emulator) == []
    assert uploading(upload(emulator))["api_validation_status"] == "PASSED"


def test_fault_waits_for_its_request(emulator: RunningEmulator) -> None:
    emulator.fault("status:503", f"POST {CSV}", skip=1, times=2)
    assert emulator.call("GET", "/last_uploadings").status_code == 200
    orders = "id,create_date_time,phones\n1,10.01.2024,79995551111\n"
    assert emulator.upload("/data/simple_orders", orders).status_code == 200
    assert [upload(emulator).status_code for _ in range(4)] == [200, 503, 503, 200]


def test_fault_can_last_until_it_is_cleared(emulator: RunningEmulator) -> None:
    emulator.fault("status:503", times=None)
    assert [upload(emulator).status_code for _ in range(3)] == [503] * 3
    emulator.clear_faults()
    assert upload(emulator).status_code == 200


def test_faults_come_in_the_order_in_which_they_were_queued(emulator: RunningEmulator) -> None:
    for status in (503, 429, 504):
        emulator.fault(f"status:{status}", CSV)
    assert [upload(emulator).status_code for _ in range(4)] == [503, 429, 504, 200]


def test_failed_is_listed_and_applies_nothing(emulator: RunningEmulator) -> None:
    emulator.fault("failed", CSV)
    answer = uploading(upload(emulator))
    assert answer["api_validation_status"] == "FAILED"
    assert answer["api_validation_errors"] == ["file: refused_by_fault"]
    assert stored(emulator) == []
    assert emulator.call("GET", "/last_uploadings").json()["uploadings"] == [answer]


def test_chosen_ids_can_be_refused(emulator: RunningEmulator) -> None:
    emulator.fault("refuse:2,4", CSV, times=None)
    answer = uploading(emulator.upload(CSV, "uniq_id\n1\n2\n3\n4\n"))
    assert answer["api_validation_errors"] == [
        "row 2: refused_by_fault",
        "row 4: refused_by_fault",
    ]
    assert uploading(emulator.upload(CSV, "uniq_id\n1\n3\n"))["api_validation_errors"] == []
    assert stored(emulator) == ["1", "3"]


@pytest.mark.parametrize(("fault", "applied"), [("drop_before", []), ("drop_after", ["1"])])
def test_faults_connection_can_be_cut(
    emulator: RunningEmulator, fault: str, applied: list[str]
) -> None:
    emulator.fault(fault, CSV)
    with pytest.raises(requests.ConnectionError):
        upload(emulator)
    assert stored(emulator) == applied
    assert emulator.sql("select status, fault from requests") == [(None, fault)]
    assert upload(emulator, "2").status_code == 200


def test_faults_connection_is_cut_for_a_client_behind_a_proxy_too(
    emulator: RunningEmulator,
) -> None:
    emulator.fault("drop_before")
    with pytest.raises(requests.ConnectionError):
        emulator.call("GET", "/schema/types", headers={"X-Forwarded-For": "192.0.2.1"})


def test_faults_timeout_can_come_after_the_work_was_done(emulator: RunningEmulator) -> None:
    emulator.fault("timeout_after", CSV, retry_after=1)
    answer = upload(emulator)
    assert answer.status_code == 504
    assert answer.json()["errors"][0]["error_type"] == "timeout"
    assert answer.headers["Retry-After"] == "1"
    assert stored(emulator) == ["1"]


def test_faults_answer_can_be_no_json(emulator: RunningEmulator) -> None:
    emulator.fault("non_json", CSV)
    answer = upload(emulator)
    assert answer.status_code == 200
    assert answer.text.startswith("<html>")
    assert stored(emulator) == ["1"]


def test_faults_answer_can_break_off(emulator: RunningEmulator) -> None:
    emulator.fault("truncated", CSV)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        upload(emulator)
    assert stored(emulator) == ["1"]


def test_faults_answer_can_be_slow(emulator: RunningEmulator) -> None:
    emulator.fault("slow:0.5", CSV)
    began = time.monotonic()
    assert upload(emulator).status_code == 200
    assert time.monotonic() - began >= 0.5


def test_faults_upload_can_be_missing_from_the_list(emulator: RunningEmulator) -> None:
    emulator.fault("delay_list:2", CSV)
    answer = uploading(upload(emulator))
    assert "api_validation_status" not in answer
    lists = [emulator.call("GET", "/last_uploadings").json()["uploadings"] for _ in range(3)]
    assert [len(uploads) for uploads in lists] == [0, 0, 1]
    assert lists[2][0]["uploading_id"] == answer["uploading_id"]
    assert lists[2][0]["api_validation_status"] == "PASSED"


def test_faults_status_can_be_one_that_nobody_documented(emulator: RunningEmulator) -> None:
    emulator.fault("unknown_status", CSV)
    assert uploading(upload(emulator))["api_validation_status"] == "IN_PROGRESS"
    [listed] = emulator.call("GET", "/last_uploadings").json()["uploadings"]
    assert listed["api_validation_status"] == "PASSED"


@pytest.mark.parametrize("fault", ["status:503", "drop_before", "drop_after", "timeout_after"])
def test_faults_hit_every_method(emulator: RunningEmulator, fault: str) -> None:
    emulator.fault(fault, "/schema/order_statuses")
    statuses = {"order_statuses": [{"id": "a", "type": "PAID"}]}
    try:
        status = emulator.call("POST", "/schema/order_statuses", json=statuses).status_code
    except requests.ConnectionError:
        status = 0
    assert status == {"status:503": 503, "timeout_after": 504}.get(fault, 0)
    applied = emulator.sql("select count(*) from order_statuses") == [(1,)]
    assert applied == fault.endswith("_after")


@pytest.mark.parametrize(
    ("fault", "fields", "message"),
    [
        ("explode", {}, "There is no such fault. The faults are: status:CODE, failed,"),
        ("status:200", {}, "There is no such fault"),
        ("status", {}, "There is no such fault"),
        ("failed:now", {}, "There is no such fault"),
        ("slow:long", {}, "There is no such fault"),
        ("failed", {"times": 0}, "A fault's times is a whole number from 1."),
        ("failed", {"skip": "1"}, "A fault's skip is a whole number from 0."),
        ("failed", {"when": "now"}, "A fault has no field when."),
    ],
)
def test_fault_that_does_not_exist_is_refused(
    emulator: RunningEmulator, fault: str, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        emulator.fault(fault, **fields)
    assert emulator.faults() == []
