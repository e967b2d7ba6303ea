"""Quotas (quotas, errors)."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.emulator_fixture import RunningEmulator


def error_type(answer: Any) -> str | None:  # noqa: ANN401 - a response
    if answer.status_code == 200:
        return None
    assert answer.json()["code"] == answer.status_code
    found: str = answer.json()["errors"][0]["error_type"]
    return found


def read(emulator: RunningEmulator) -> Any:  # noqa: ANN401 - a response
    return emulator.call("GET", "/schema/types")


def write(emulator: RunningEmulator) -> Any:  # noqa: ANN401 - a response
    return emulator.upload("/data/contacts/csv", "uniq_id\n1\n")


def test_requests_of_one_address_are_limited_per_second(emulator: RunningEmulator) -> None:
    emulator.quotas(requests_per_second=2)
    answers = [error_type(read(emulator)) for _ in range(3)]
    assert answers == [None, None, "quota_requests_by_ip"]


def test_quotas_address_is_let_in_again_after_a_second(emulator: RunningEmulator) -> None:
    emulator.quotas(requests_per_second=1)
    assert error_type(read(emulator)) is None
    assert error_type(read(emulator)) == "quota_requests_by_ip"
    time.sleep(1)
    assert error_type(read(emulator)) is None


def test_quotas_fourth_parallel_request_is_refused(emulator: RunningEmulator) -> None:
    emulator.fault("slow:2", "GET /last_uploadings", times=3)
    with ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(emulator.call, "GET", "/last_uploadings") for _ in range(3)]
        while [fault for fault in emulator.faults() if fault["kind"] == "slow"]:
            time.sleep(0.01)
        assert error_type(read(emulator)) == "quota_parallel_requests"
        assert [future.result().status_code for future in slow] == [200] * 3
    assert error_type(read(emulator)) is None


def test_three_clients_at_full_speed_are_never_refused(emulator: RunningEmulator) -> None:
    emulator.quotas(requests_per_second=1000)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: error_type(write(emulator)), range(60)))
    assert answers == [None] * 60


@pytest.mark.parametrize(
    ("limit", "refused"),
    [
        ("requests_per_day_user", "quota_requests_by_uid"),
        ("requests_per_day_counter", "quota_requests_by_counter_id"),
    ],
)
def test_quotas_daily_quotas_count_reading_and_writing_apart(
    emulator: RunningEmulator, limit: str, refused: str
) -> None:
    emulator.quotas(**{limit: 2})
    assert [error_type(read(emulator)) for _ in range(3)] == [None, None, refused]
    assert [error_type(write(emulator)) for _ in range(3)] == [None, None, refused]
    assert emulator.sql("select count(*) from uploads") == [(2,)]


def test_quotas_day_begins_at_midnight_utc(emulator: RunningEmulator) -> None:
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    emulator.quotas(requests_per_day_user=1)
    emulator.move_clock((midnight - now).total_seconds() - 30)
    assert error_type(read(emulator)) is None
    assert error_type(read(emulator)) == "quota_requests_by_uid"
    emulator.move_clock((midnight - now).total_seconds() + 30)
    assert error_type(read(emulator)) is None


def test_quotas_daily_quota_survives_a_restart(emulator: RunningEmulator) -> None:
    now = datetime.now(UTC)
    assert [error_type(read(emulator)) for _ in range(3)] == [None] * 3
    emulator.restart()
    emulator.quotas(requests_per_day_user=3)
    if datetime.now(UTC).date() == now.date():
        assert error_type(read(emulator)) == "quota_requests_by_uid"


def test_refused_requests_do_not_use_up_the_day(emulator: RunningEmulator) -> None:
    emulator.quotas(requests_per_day_user=1)
    for _ in range(3):
        answer = emulator.call("GET", "/schema/types", headers={"Authorization": "OAuth another"})
        assert answer.status_code == 403
    assert error_type(read(emulator)) is None


def test_quotas_status_is_429_or_420(emulator: RunningEmulator) -> None:
    emulator.quotas(requests_per_day_user=0)
    assert read(emulator).status_code == 429
    emulator.switches(quota_status="420")
    answer = read(emulator)
    assert (answer.status_code, answer.json()["code"]) == (420, 420)


def test_quotas_unknown_or_impossible_limit_is_refused(emulator: RunningEmulator) -> None:
    with pytest.raises(ValueError, match="There is no limit per_week"):
        emulator.quotas(per_week=1)
    with pytest.raises(ValueError, match="Limit parallel takes a whole number"):
        emulator.quotas(parallel=-1)
