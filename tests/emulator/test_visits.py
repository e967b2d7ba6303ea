"""Ties between orders and visits, and the counts of reports."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from tests.support.emulator_fixture import RunningEmulator

DAY = 86400
HEADER = "id,client_uniq_id,client_type,create_date_time,order_status,revenue,cost\n"


def wall(days_ago: float) -> str:
    """Return a moment on the counter's wall clock."""
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    return moment.astimezone(ZoneInfo("Europe/Moscow")).strftime("%Y-%m-%d %H:%M:%S")


def give_visits(emulator: RunningEmulator, *visits: dict[str, str]) -> requests.Response:
    return requests.post(f"{emulator.url}/debug/visits", json=visits, timeout=10)


def visit(days_ago: float, visit_id: str = "v1", **visitor: str) -> dict[str, str]:
    return {"visit_id": visit_id, "started_at": wall(days_ago), **(visitor or {"client_id": "77"})}


def send_contact(emulator: RunningEmulator, columns: str = "client_ids", value: str = "77") -> None:
    emulator.upload("/data/contacts/csv", f'uniq_id,{columns}\nc1,"{value}"\n')


def send_order(
    emulator: RunningEmulator, created: str, status: str = "PAID", revenue: float = 100
) -> str:
    row = f"1,c1,CONTACT,{created},{status},{revenue},40\n"
    answer = emulator.upload("/data/orders/csv", HEADER + row)
    result: str = answer.json()["uploading"]["api_validation_status"]
    return result


def linked(emulator: RunningEmulator) -> dict[str, Any]:
    answer = requests.get(f"{emulator.url}/debug/linked", timeout=10)
    counts: dict[str, Any] = answer.json()["linked"]
    return counts


def ties(emulator: RunningEmulator) -> list[tuple[str | None, str | None]]:
    answer = requests.get(f"{emulator.url}/debug/links", timeout=10)
    return [(link["visit_id"], link["reason"]) for link in answer.json()["links"]]


def test_linked_orders_are_counted_by_type_with_money_and_goals(emulator: RunningEmulator) -> None:
    give_visits(emulator, visit(1))
    send_contact(emulator)
    statuses = ("IN_PROGRESS", "PAID", "PAID", "CANCELLED", "SPAM", "mystery")
    rows = "".join(f"{n},c1,CONTACT,{wall(1)},{s},100,40\n" for n, s in enumerate(statuses))
    rows += f"9,nobody,CONTACT,{wall(1)},PAID,100,40\n"
    emulator.upload("/data/orders/csv", HEADER + rows)
    assert linked(emulator) == {
        "orders": 5,
        "in_progress": 1,
        "paid": 2,
        "cancelled": 1,
        "spam": 1,
        "other": 1,
        "revenue": {"RUB": 200},
        "cost": {"RUB": 80},
        "goals": {
            "CRM: Order cancelled": 1,
            "CRM: Order created": 3,
            "CRM: Order paid": 2,
            "CRM: Spam order": 1,
        },
        "not_linked": {"no_contact": 1},
    }


def test_visit_closest_in_time_is_taken(emulator: RunningEmulator) -> None:
    give_visits(
        emulator,
        visit(9, "long before"),
        visit(6, "before"),
        visit(4.5, "closest"),
        visit(5, "of another visitor", client_id="78"),
        visit(-1, "in the future"),
    )
    send_contact(emulator)
    send_order(emulator, wall(5))
    assert ties(emulator) == [("closest", None)]


@pytest.mark.parametrize(
    ("columns", "value", "visitor"),
    [
        ("client_ids", "76,77", {"client_id": "77"}),
        ("emails", "a@b.ru", {"emails": "a@b.ru"}),
        ("emails", "a@b.ru", {"emails": hashlib.md5(b"a@b.ru").hexdigest()}),  # noqa: S324
        ("emails_md5", hashlib.md5(b"a@b.ru").hexdigest(), {"emails": "x@y.ru,a@b.ru"}),  # noqa: S324
        ("phones", "79995551111", {"phones": "f09f2c3d48f31e2a802944ade2e5aec5"}),
        ("phones_md5", "f09f2c3d48f31e2a802944ade2e5aec5", {"phones": "79995551111"}),
    ],
)
def test_plain_and_hashed_identifiers_match_alike(
    emulator: RunningEmulator, columns: str, value: str, visitor: dict[str, str]
) -> None:
    give_visits(emulator, visit(1, **visitor))
    send_contact(emulator, columns, value)
    send_order(emulator, wall(1))
    assert ties(emulator) == [("v1", None)]


def test_visits_order_without_a_visit_is_tied_to_none(emulator: RunningEmulator) -> None:
    give_visits(emulator, visit(1, client_id="1"), visit(1, "v2", emails="a@b.ru"))
    send_contact(emulator, "client_ids", "77")
    send_order(emulator, wall(1))
    assert ties(emulator) == [(None, "no_visit")]


@pytest.mark.parametrize(("days", "tie"), [(20.9, ("v1", None)), (21.1, (None, "sent_too_late"))])
def test_visits_order_is_tied_within_21_days_of_its_creation(
    emulator: RunningEmulator, days: float, tie: tuple[str | None, str | None]
) -> None:
    give_visits(emulator, visit(60))
    send_contact(emulator)
    send_order(emulator, wall(days))
    assert ties(emulator) == [tie]


def test_visits_order_once_tied_may_be_sent_again_after_21_days(emulator: RunningEmulator) -> None:
    give_visits(emulator, visit(1))
    send_contact(emulator)
    send_order(emulator, wall(1), "IN_PROGRESS")
    emulator.move_clock(30 * DAY)
    send_order(emulator, wall(1), "PAID")
    assert ties(emulator) == [("v1", None)]
    assert linked(emulator)["paid"] == 1


@pytest.mark.parametrize(("days", "paid"), [(109, 1), (111, 0)])
def test_visits_order_is_updated_for_111_days_from_its_visit(
    emulator: RunningEmulator, days: int, paid: int
) -> None:
    created = wall(0.5)
    give_visits(emulator, visit(1))
    send_contact(emulator)
    send_order(emulator, created, "IN_PROGRESS")
    emulator.move_clock(days * DAY)
    assert send_order(emulator, created, "PAID") == "PASSED"
    counts = linked(emulator)
    assert (counts["paid"], counts["in_progress"]) == (paid, 1 - paid)
    assert ("CRM: Order paid" in counts["goals"]) == bool(paid)
    assert emulator.sql("select order_status from orders") == [("PAID",)]


def test_visits_late_update_is_ignored_or_refused(emulator: RunningEmulator) -> None:
    created = wall(0.5)
    give_visits(emulator, visit(3))
    send_contact(emulator)
    send_order(emulator, created, "IN_PROGRESS")
    # By its creation the order could still be updated; by its visit it cannot.
    emulator.move_clock(109 * DAY)
    emulator.switches(late_update="fail")
    assert send_order(emulator, created, "PAID") == "FAILED"
    assert emulator.sql("select errors from uploads order by number desc limit 1") == [
        ('["row 1: too_late_to_update"]',)
    ]
    emulator.switches(late_update="ignore")
    assert send_order(emulator, created, "PAID") == "PASSED"
    assert linked(emulator)["in_progress"] == 1


def test_visits_simple_order_carries_its_identifiers(emulator: RunningEmulator) -> None:
    give_visits(emulator, visit(1, phones="79995551111"))
    head = "id,create_date_time,phones,revenue\n"
    rows = f"1,{wall(1)},79995551111,70\n2,{wall(1)},79990000000,70\n"
    emulator.upload("/data/simple_orders", head + rows)
    assert ties(emulator) == [("v1", None), (None, "no_visit")]
    assert linked(emulator)["revenue"] == {"RUB": 70}


def test_from_a_bare_date_visits_are_searched_backwards(emulator: RunningEmulator) -> None:
    day = wall(3)[:10]
    visits = [
        {"visit_id": "that morning", "started_at": f"{day} 08:00:00", "client_id": "77"},
        {"visit_id": "next morning", "started_at": f"{wall(2)[:10]} 00:30:00", "client_id": "77"},
    ]
    give_visits(emulator, *visits)
    emulator.upload("/data/simple_orders", f"id,create_date_time,client_ids\n1,{day},77\n")
    assert ties(emulator) == [("that morning", None)]


@pytest.mark.parametrize(
    ("unknown_contact", "at_once", "after_contact", "sent_again"),
    [
        ("attach_later", "PASSED", ("v1", None), ("v1", None)),
        ("fail", "FAILED", None, ("v1", None)),
    ],
)
def test_visits_contact_that_comes_after_its_order(
    emulator: RunningEmulator,
    unknown_contact: str,
    at_once: str,
    after_contact: tuple[str | None, str | None] | None,
    sent_again: tuple[str | None, str | None],
) -> None:
    emulator.switches(unknown_contact=unknown_contact)
    give_visits(emulator, visit(1))
    assert send_order(emulator, wall(1)) == at_once
    assert ties(emulator) == ([(None, "no_contact")] if after_contact else [])
    send_contact(emulator)
    assert ties(emulator) == ([after_contact] if after_contact else [])
    send_order(emulator, wall(1))
    assert ties(emulator) == [sent_again]


def test_visits_order_moves_to_the_visit_of_its_new_contact(emulator: RunningEmulator) -> None:
    give_visits(emulator, visit(1), visit(1, "v2", client_id="78"))
    emulator.upload("/data/contacts/csv", "uniq_id,client_ids\nc1,77\nc2,78\n")
    created = wall(1)
    for contact, tied in (("c1", "v1"), ("c2", "v2")):
        row = f"1,{contact},CONTACT,{created},PAID,,\n"
        emulator.upload("/data/orders/csv", HEADER + row)
        assert ties(emulator) == [(tied, None)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"started_at": "2026-01-01 10:00:00"}, "visit 1: no visit_id."),
        ({"visit_id": "a", "started_at": "2026-01-01T10:00:00Z"}, "visit 1: bad_datetime."),
        ({"visit_id": "a", "started_at": "2026-01-01 10:00:00", "client_id": "x"}, "bad_client_id"),
        ({"visit_id": "a", "started_at": "2026-01-01 10:00:00", "emails": "X"}, "bad_email"),
        ({"visit_id": "a", "started_at": "2026-01-01 10:00:00", "mail": "X"}, "unknown_column"),
        ({"visit_id": 1, "started_at": "2026-01-01 10:00:00"}, "not_a_text"),
    ],
)
def test_visits_bad_visit_is_refused(
    emulator: RunningEmulator, entry: dict[str, Any], message: str
) -> None:
    answer = give_visits(emulator, entry)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert emulator.sql("select * from visits") == []


def test_two_visits_of_one_id_are_refused(emulator: RunningEmulator) -> None:
    answer = give_visits(emulator, visit(1), visit(2))
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "visit 2: its visit_id is repeated.",
    )


@pytest.fixture
def started(tmp_path: Path) -> Callable[[str], subprocess.Popen[str]]:
    """Return what starts an emulator with a file of visits."""

    def start(content: str) -> subprocess.Popen[str]:
        file = tmp_path / "visits.csv"
        file.write_text(content, encoding="utf-8")
        command = [sys.executable, "-m", "metrica_emulator", "--port", "0", "--counter", "7"]
        command += ["--token", "made-up", "--visits", str(file), "--goal", "lead", "--goal", "call"]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    return start


def test_visits_and_goals_are_given_at_the_start_and_outlive_a_reset(
    started: Callable[[str], subprocess.Popen[str]],
) -> None:
    content = 'visit_id,started_at,client_id,emails,phones\nv1,2026-01-01 10:00,,"a@b.ru,c@d.ru",\n'
    with started(content) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split(" on ")[1].split(",")[0]
        for _ in range(2):
            [held] = requests.get(f"{url}/debug/visits", timeout=10).json()["visits"]
            assert (held["visit_id"], held["started_at"]) == ("v1", "2026-01-01 10:00:00")
            goals = requests.get(f"{url}/debug/goals", timeout=10).json()
            assert [goal["goal_action_id"] for goal in goals["goals"]] == [
                "lead",
                "call",
            ]
            requests.post(f"{url}/debug/reset", timeout=10).raise_for_status()
        process.terminate()
        assert process.communicate(timeout=20)[1] == ""


def test_visits_bad_file_of_visits_ends_with_2(
    started: Callable[[str], subprocess.Popen[str]],
) -> None:
    with started("visit_id,started_at\nv1,yesterday\n") as process:
        message = process.communicate(timeout=20)[1]
    assert process.returncode == 2
    assert "visit 1: bad_datetime. Its columns are visit_id, started_at" in message
