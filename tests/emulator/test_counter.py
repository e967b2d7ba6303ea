"""The management methods that an exporter needs (counter, goals)."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator_fixture import RunningEmulator


def management(emulator: RunningEmulator, path: str = "") -> str:
    return f"{emulator.url}/management/v1/counter/{emulator.counter}{path}"


def post_goal(emulator: RunningEmulator, goal: object) -> Any:  # noqa: ANN401 - a response
    return emulator.call_url("POST", management(emulator, "/goals"), json={"goal": goal})


def test_counter_tells_its_time_zone(emulator: RunningEmulator) -> None:
    counter = emulator.call_url("GET", management(emulator)).json()["counter"]
    assert counter["id"] == emulator.counter
    assert counter["time_zone_name"] == "Europe/Moscow"
    assert counter["time_zone_offset"] == 180
    assert "counter_flags" not in counter


def test_counter_offset_is_the_present_one(tmp_path: Path) -> None:
    with RunningEmulator(tmp_path / "state.sqlite", time_zone="America/New_York") as emulator:
        offsets = set()
        for days in (0, 91, 182, 273):
            emulator.move_clock(days * 86400)
            counter = emulator.call_url("GET", management(emulator)).json()["counter"]
            offsets.add(counter["time_zone_offset"])
    assert offsets == {-300, -240}


def test_flags_come_when_asked_for(emulator: RunningEmulator) -> None:
    url = management(emulator, "?field=counter_flags")
    counter = emulator.call_url("GET", url).json()["counter"]
    assert counter["counter_flags"] == {"collect_first_party_data": True}
    emulator.switches(first_party_data="off")
    counter = emulator.call_url("GET", url).json()["counter"]
    assert counter["counter_flags"] == {"collect_first_party_data": False}


def test_goals_are_created_and_listed(emulator: RunningEmulator) -> None:
    assert emulator.call_url("GET", management(emulator, "/goals")).json() == {"goals": []}
    goal = {
        "name": "Lead",
        "type": "action",
        "conditions": [{"type": "exact", "url": "good_lead"}],
    }
    answer = post_goal(emulator, goal)
    assert (answer.status_code, answer.json()) == (200, {"goal": {"id": 1, **goal}})
    listed = emulator.call_url("GET", management(emulator, "/goals")).json()
    assert listed == {"goals": [{"id": 1, **goal}]}


def test_counter_first_accepted_upload_brings_the_four_crm_goals(emulator: RunningEmulator) -> None:
    emulator.upload("/data/contacts/csv", "uniq_id,phones\n1,bad\n")
    goals = management(emulator, "/goals")
    assert emulator.call_url("GET", goals).json() == {"goals": []}
    emulator.upload("/data/contacts/csv", "uniq_id\n1\n")
    listed = emulator.call_url("GET", goals).json()["goals"]
    assert {goal["type"] for goal in listed} == {
        "cdp_order_in_progress",
        "cdp_order_paid",
        "cdp_order_spam",
        "cdp_order_cancelled",
    }
    assert {goal["goal_source"] for goal in listed} == {"auto"}
    numbers = [goal["id"] for goal in listed]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


@pytest.mark.parametrize(
    ("goal", "location"),
    [
        (None, "goal"),
        ({"type": "action"}, "goal"),
        ({"name": "a", "type": "url"}, "goal.type"),
        ({"name": "a", "type": "action"}, "goal.conditions"),
        ({"name": "a", "type": "action", "conditions": []}, "goal.conditions"),
        (
            {"name": "a", "type": "action", "conditions": [{"type": "contain", "url": "x"}]},
            "goal.conditions",
        ),
        (
            {"name": "a", "type": "action", "conditions": [{"type": "exact"}]},
            "goal.conditions[0].url",
        ),
    ],
)
def test_counter_bad_goal_is_refused(
    emulator: RunningEmulator, goal: object, location: str
) -> None:
    answer = post_goal(emulator, goal)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["location"] == location
    assert emulator.sql("select * from goals") == []


def test_counter_management_methods_need_the_token_too(emulator: RunningEmulator) -> None:
    url = management(emulator)
    answer = emulator.call_url("GET", url, headers={"Authorization": "OAuth another"})
    assert answer.status_code == 403
