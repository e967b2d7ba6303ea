"""The calls of Metrica's API, and how its answers are judged."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from metrica_export.errors import MetricaError
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import CONTACTS, ORDERS, SIMPLE_ORDERS, Attribute

from tests.support.scripted_fixture import COUNTER, TOKEN, Reply, ScriptedServer, ok, refusal

BASE = f"/cdp/api/v1/counter/{COUNTER}"
POLLS = 5
BUDGET = 100


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Return a server that may be asked as fast as it answers."""
    monkeypatch.setattr("metrica_export.metrica.http._GAP", 0.0)
    with ScriptedServer() as started:
        yield started


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits between looks into the upload list, noted and not slept."""
    noted: list[float] = []
    monkeypatch.setattr("metrica_export.metrica.client.time", SimpleNamespace(sleep=noted.append))
    return noted


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "contacts.csv"
    path.write_text('"uniq_id","name"\n"1","Anna"\n')
    return path


def uploading(status: object, identifier: object = "u-1") -> dict[str, Any]:
    """Return an upload as Metrica shows it (uploadContacts)."""
    return {"uploading_id": identifier, "api_validation_status": status, "elements_count": 1}


def test_simple_orders_have_no_mapping(server: ScriptedServer, file: Path) -> None:
    server.will(ok(uploading=uploading("PASSED")))
    Metrica(server.api, BUDGET).upload(SIMPLE_ORDERS, ["id"], file, "SAVE")
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", f"{BASE}/data/simple_orders")
    assert asked.params == {"merge_mode": "SAVE", "delimiter_type": "COMMA"}


def test_client_upload_names_mode_delimiter_and_columns(server: ScriptedServer, file: Path) -> None:
    server.will(ok(uploading=uploading("PASSED")), ok(uploading=uploading("PASSED")))
    metrica = Metrica(server.api, BUDGET)
    metrica.upload(CONTACTS, ["uniq_id", "my:attribute"], file, "SAVE")
    metrica.upload(ORDERS, ["id"], file, "SAVE")
    contacts, orders = server.asked
    assert (contacts.method, contacts.path) == ("POST", f"{BASE}/data/contacts/csv")
    assert contacts.params == {
        "merge_mode": "SAVE",
        "delimiter_type": "COMMA",
        "columns_mapping": '"uniq_id":"uniq_id","my:attribute":"my:attribute"',
    }
    assert (orders.path, orders.params["delimiter_type"]) == (
        f"{BASE}/data/orders/csv",
        "SEMICOLON",
    )
    assert file.read_bytes() in contacts.body
    assert metrica.requests == 2


@pytest.mark.usefixtures("naps")
@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (ok(uploading=uploading("PASSED")), Answer("PASSED", "u-1")),
        (ok(uploading=uploading("FAILED")), Answer("FAILED", "u-1")),
        (ok(uploading={"api_validation_status": "FAILED"}), Answer("FAILED", None)),
        # A success that cannot be pointed at is none.
        (ok(uploading=uploading("PASSED", "")), Answer("unknown", None)),
        (ok(uploading=uploading("PASSED", None)), Answer("unknown", None)),
        (ok(uploading={"api_validation_status": "PASSED"}), Answer("unknown", None)),
        *(
            (ok(uploading=uploading("PASSED", unusable)), Answer("unknown", None))
            for unusable in ("u\0001", "u-1\n", "\x1b[2J", "\ud800", "\u202eu-1", "u" * 256)
        ),
        (ok(api_validation_status="PASSED", uploading_id="u-1"), Answer("unknown", None)),
        (ok(success=True), Answer("unknown", None)),
        (ok(uploading="PASSED"), Answer("unknown", None)),
        (Reply(body=b"<html>PASSED</html>"), Answer("unknown", None)),
        (Reply(body=b""), Answer("unknown", None)),
        (refusal(400, "invalid_uploading"), Answer("FAILED", None)),
    ],
)
def test_client_upload_is_judged_by_its_status_and_id(
    server: ScriptedServer, file: Path, reply: Reply, answer: Answer
) -> None:
    server.will(reply)
    assert Metrica(server.api, BUDGET).upload(CONTACTS, ["uniq_id"], file, "SAVE") == answer
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", ["PASSED", "FAILED"])
@pytest.mark.parametrize("first", ["IN_PROGRESS", "passed", "", None, True, ["PASSED"]])
def test_client_unknown_status_is_looked_up_in_the_list(
    server: ScriptedServer,
    file: Path,
    naps: list[float],
    first: object,
    status: Literal["PASSED", "FAILED"],
) -> None:
    server.will(
        ok(uploading=uploading(first)),
        ok(uploadings=[uploading("PASSED", "u-0"), uploading("FAILED", "u-2")]),
        ok(uploadings=[uploading("FAILED", "u-0"), uploading(status)]),
    )
    answer = Metrica(server.api, BUDGET).upload(CONTACTS, ["uniq_id"], file, "SAVE")
    assert answer == Answer(status, "u-1")
    _, *looks = server.asked
    assert {(look.method, look.path) for look in looks} == {("GET", f"{BASE}/last_uploadings")}
    assert looks[0].params == {"limit": "1000", "source": "API"}
    assert naps == [1, 1]


@pytest.mark.parametrize(
    "listed",
    [
        ok(uploadings=[]),
        ok(uploadings=[uploading("PASSED", "u-2"), uploading("PASSED", None), "u-1", None]),
        ok(uploadings=[uploading("IN_PROGRESS")]),
        ok(uploadings=None),
        ok(uploadings=5),
        ok(uploadings={"u-1": "PASSED"}),
        ok(),
        Reply(body=b"<html></html>"),
    ],
)
def test_client_upload_that_the_list_does_not_settle_stays_unknown(
    server: ScriptedServer, file: Path, naps: list[float], listed: Reply
) -> None:
    server.will(ok(uploading=uploading("IN_PROGRESS")), *[listed] * POLLS)
    answer = Metrica(server.api, BUDGET).upload(CONTACTS, ["uniq_id"], file, "SAVE")
    assert answer == Answer("unknown", "u-1")
    assert len(server.asked) == 1 + POLLS
    assert len(naps) == POLLS


@pytest.mark.parametrize(
    "refused",
    [
        refusal(403, "access_denied"),
        refusal(400, "invalid_uploading"),
        refusal(400, "invalid_parameter"),
        refusal(429, "quota_requests_by_uid"),
        Reply(404, b"<html></html>"),
    ],
)
def test_client_upload_stays_unknown_when_its_lookup_fails(
    server: ScriptedServer, file: Path, naps: list[float], refused: Reply
) -> None:
    server.will(ok(uploading=uploading("IN_PROGRESS")), refused)
    answer = Metrica(server.api, BUDGET).upload(CONTACTS, ["uniq_id"], file, "SAVE")
    assert answer == Answer("unknown", "u-1")
    assert len(server.asked) == 2
    assert len(naps) == 1


def test_client_upload_stays_unknown_when_its_lookup_exceeds_the_budget(
    server: ScriptedServer, file: Path, naps: list[float]
) -> None:
    server.will(ok(uploading=uploading("IN_PROGRESS")))
    answer = Metrica(server.api, 1).upload(CONTACTS, ["uniq_id"], file, "SAVE")
    assert answer == Answer("unknown", "u-1")
    assert len(server.asked) == 1
    assert naps == [1]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (["bad e-mail anna@example.com", "line 2"], "bad e-mail anna@example.com line 2"),
        ([{"line": 2}, None, 5], "{'line': 2} None 5"),
        ([], ""),
        (None, ""),
        (5, ""),
        (True, ""),
    ],
)
def test_metricas_texts_about_rows_are_kept_out_of_sight(
    server: ScriptedServer, file: Path, told: object, kept: str
) -> None:
    server.will(ok(uploading=uploading("FAILED") | {"api_validation_errors": told}))
    answer = Metrica(server.api, BUDGET).upload(CONTACTS, ["uniq_id"], file, "SAVE")
    assert answer == Answer("FAILED", "u-1", kept)
    assert "anna" not in repr(answer)


def test_outcomes_are_the_listed_uploads_by_their_id(server: ScriptedServer) -> None:
    listed = [
        uploading("PASSED", "a"),
        uploading("FAILED", "b"),
        uploading("IN_PROGRESS", "c"),
        uploading("PASSED", None),
        uploading("PASSED", ["d"]),
        uploading("PASSED", {}),
        uploading("PASSED", 7),
        "e",
    ]
    server.will(ok(uploadings=listed))
    assert Metrica(server.api, BUDGET).outcomes() == {
        "a": Answer("PASSED", "a"),
        "b": Answer("FAILED", "b"),
        "c": Answer("unknown", "c"),
        "7": Answer("PASSED", "7"),
    }
    assert server.asked[0].params == {"limit": "1000", "source": "API"}


def test_goals_skips_ids_that_no_warehouse_can_store(server: ScriptedServer) -> None:
    ids = ("lead", "le\0ad", "lead\ud800", "l" * 256)
    conditions = [[{"type": "exact", "url": each}] for each in ids]
    server.will(ok(goals=[{"type": "action", "conditions": each} for each in conditions]))
    assert Metrica(server.api, BUDGET).goals() == {"lead"}


def test_client_time_zone_is_the_counters_name_of_it(server: ScriptedServer) -> None:
    server.will(ok(counter={"time_zone_name": "Asia/Omsk", "time_zone_offset": 360}))
    assert Metrica(server.api, BUDGET).time_zone() == "Asia/Omsk"
    assert server.asked[0].path == f"/management/v1/counter/{COUNTER}"


@pytest.mark.parametrize(
    "reply",
    [ok(), ok(counter={}), ok(counter={"time_zone_offset": 180}), ok(counter=1), Reply(body=b"<")],
)
def test_client_address_that_is_not_metricas_api_is_named(
    server: ScriptedServer, reply: Reply
) -> None:
    server.will(reply)
    with pytest.raises(MetricaError, match="Metrica's API") as caught:
        Metrica(server.api, BUDGET).time_zone()
    assert server.url in str(caught.value)
    assert str(COUNTER) in str(caught.value)


def test_custom_attributes_are_read_by_entity_type(server: ScriptedServer) -> None:
    custom = [{"name": "age", "type_name": "numeric"}, {"name": "note"}]
    system = [{"name": "uniq_id", "type_name": "text"}]
    server.will(ok(custom_attributes=custom, system_attributes=system))
    assert Metrica(server.api, BUDGET).attributes("CONTACT") == {"age": "numeric", "note": None}
    (asked,) = server.asked
    assert (asked.path, asked.params) == (f"{BASE}/schema/attributes", {"entity_type": "CONTACT"})


@pytest.mark.parametrize(
    "custom", [None, [], 5, "age", {"age": "numeric"}, [None, "age", {}, {"name": None}]]
)
def test_attributes_without_a_name_are_none(server: ScriptedServer, custom: object) -> None:
    server.will(ok(custom_attributes=custom))
    assert Metrica(server.api, BUDGET).attributes("ORDER") == {}


def test_attributes_are_created_as_declared(server: ScriptedServer) -> None:
    server.will(ok(success=True))
    size = Attribute("size", "numeric", "Размер", multivalued=True)
    Metrica(server.api, BUDGET).create_attributes("ORDER", [size])
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", f"{BASE}/schema/attributes")
    assert asked.params == {"entity_type": "ORDER"}
    assert json.loads(asked.body) == {
        "attributes": [
            {"name": "size", "type_name": "numeric", "humanized": "Размер", "multivalued": True}
        ]
    }


def test_statuses_and_products_are_sent_in_metricas_words(server: ScriptedServer) -> None:
    server.will(ok(success=True), ok(success=True))
    metrica = Metrica(server.api, BUDGET)
    statuses = [{"id": "paid", "type": "PAID", "goal_action_ids": ["a", "b"]}]
    metrica.put_statuses(statuses)
    metrica.put_products([{"name": "p1", "humanized": "Груша"}])
    first, second = server.asked
    assert first.path == f"{BASE}/schema/order_statuses"
    assert json.loads(first.body) == {"order_statuses": statuses}
    assert second.path == f"{BASE}/schema/products"
    assert json.loads(second.body) == {
        "attributes": [],
        "items": [{"name": "p1", "humanized": "Груша"}],
    }


@pytest.mark.parametrize("reply", [ok(), ok(success=False), ok(success="true"), Reply(body=b"<")])
def test_client_schema_change_that_is_not_confirmed_is_an_error(
    server: ScriptedServer, reply: Reply
) -> None:
    server.will(*[reply] * 3)
    metrica = Metrica(server.api, BUDGET)
    changes: list[Callable[[], None]] = [
        lambda: metrica.put_statuses([]),
        lambda: metrica.put_products([]),
        lambda: metrica.create_attributes("CONTACT", []),
    ]
    for change in changes:
        with pytest.raises(MetricaError, match="success") as caught:
            change()
        assert TOKEN not in str(caught.value)
    assert len(server.asked) == 3
