"""The list of uploads (getLastUploadings)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.emulator_fixture import RunningEmulator

CSV = "/data/contacts/csv"
PATH = "/last_uploadings"


def upload(emulator: RunningEmulator) -> dict[str, Any]:
    answer: dict[str, Any] = emulator.upload(CSV, "uniq_id\n1\n").json()["uploading"]
    return answer


def listed(emulator: RunningEmulator, **parameters: object) -> list[dict[str, Any]]:
    answer = emulator.call("GET", PATH, params=parameters)
    assert answer.status_code == 200
    uploads: list[dict[str, Any]] = answer.json()["uploadings"]
    return uploads


def test_list_repeats_the_answers_newest_first(emulator: RunningEmulator) -> None:
    first = upload(emulator)
    failed = emulator.upload(CSV, "uniq_id,phones\n1,bad\n").json()["uploading"]
    assert failed["api_validation_status"] == "FAILED"
    assert listed(emulator) == [failed, first]


def test_ten_are_listed_unless_the_limit_says_otherwise(emulator: RunningEmulator) -> None:
    ids = [upload(emulator)["uploading_id"] for _ in range(12)]
    assert [entry["uploading_id"] for entry in listed(emulator)] == ids[:1:-1]
    assert [entry["uploading_id"] for entry in listed(emulator, limit=1)] == [ids[-1]]
    assert len(listed(emulator, limit=1000)) == 12


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "ten"),
        ("limit", "-1"),
        ("source", "BITRIX"),
        ("datetime_offset", "2020-02-10"),
        ("datetime_offset", "2020-02-30 10:00:00"),
        ("datetime_offset", "2020-02-10T10:00:00"),
        ("datetime_offset", "1581328800"),
    ],
)
def test_upload_list_bad_parameter_is_400(emulator: RunningEmulator, name: str, value: str) -> None:
    answer = emulator.call("GET", PATH, params={name: value})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["location"] == name
    assert answer.json()["errors"][0]["error_type"] == "invalid_parameter"


def test_upload_list_time_is_the_counters_wall_clock_or_utc(emulator: RunningEmulator) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    upload(emulator)
    after = datetime.now(UTC)
    [naive] = listed(emulator, source="API")
    wall = datetime.strptime(naive["datetime"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - as written
    assert before <= wall.replace(tzinfo=ZoneInfo("Europe/Moscow")) <= after
    emulator.switches(datetime_format="iso")
    [iso] = listed(emulator)
    assert before <= datetime.fromisoformat(iso["datetime"]) <= after
    assert iso["datetime"].endswith("Z")


def test_upload_list_offset_is_exclusive_and_echoes_either_form(emulator: RunningEmulator) -> None:
    upload(emulator)
    emulator.move_clock(60)
    upload(emulator)
    for form in ("naive", "iso"):
        emulator.switches(datetime_format=form)
        [newer, older] = listed(emulator)
        page = listed(emulator, datetime_offset=newer["datetime"])
        assert page == [older]
        assert listed(emulator, datetime_offset=older["datetime"]) == []


def test_fractions_of_a_second_are_understood(emulator: RunningEmulator) -> None:
    upload(emulator)
    later = datetime.now(UTC) + timedelta(hours=1)
    text = later.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert len(listed(emulator, datetime_offset=text)) == 1


def test_uploads_can_be_delayed_by_switch(emulator: RunningEmulator) -> None:
    emulator.switches(delayed_visibility=2)
    answer = upload(emulator)
    assert answer["uploading_id"]
    assert "api_validation_status" not in answer
    assert listed(emulator) == []
    assert listed(emulator) == []
    [found] = listed(emulator)
    assert found["uploading_id"] == answer["uploading_id"]
    assert found["api_validation_status"] == "PASSED"


def test_list_survives_a_restart_in_the_middle_of_a_delay(emulator: RunningEmulator) -> None:
    emulator.switches(delayed_visibility=2)
    upload(emulator)
    assert listed(emulator) == []
    emulator.restart()
    assert listed(emulator) == []
    assert len(listed(emulator)) == 1
