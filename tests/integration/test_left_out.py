"""Values that the dbt models left out: read by the model's meta, shown with shares."""

import json
from pathlib import Path

import pytest
from metrica_export.cli.output import finish
from metrica_export.commands.doctor.finding import Finding
from metrica_export.commands.doctor.left_out import examine_left_out
from metrica_export.commands.outcome import Outcome
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.left_out import read_left_out
from metrica_export.warehouse.session import open_session

from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.marts_fixture import MartsWarehouse, make_marts

ROWS = [
    ("contacts", "contact", "no_identifier", 68, 91),
    ("contacts", "phone", "phone_too_short", 1, 3),
    ("contacts", "email", "too_many", 0, 10),
    ("orders", "finish_date_time", "order_open", 5, 5),
]


def add_model(marts: MartsWarehouse, *, build: bool = True) -> None:
    """Put the model `left_out` into the manifest and, when it is built, into the warehouse."""
    path = marts.folder / "target" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["nodes"]["model.crm.left"] = {
        "resource_type": "model",
        "name": "left",
        "alias": "left_out",
        "schema": "metrica_work",
        "config": {"meta": {"metrica": {"role": "left_out"}}},
        "columns": {},
    }
    path.write_text(json.dumps(manifest))
    if build:
        marts.sql("create schema if not exists metrica_work")
        values = ", ".join(map(str, ROWS))
        marts.sql(
            "create table metrica_work.left_out as select * from "
            f"(values {values}) t (entity, kind, reason, left_out, total)"
        )


def examined(marts: MartsWarehouse) -> Finding:
    with open_session(DbtSettings(marts.folder, marts.folder)) as session:
        return examine_left_out(session.wh, session.marts)


@pytest.fixture
def marts(tmp_path: Path) -> MartsWarehouse:
    return make_marts(tmp_path, None)


def test_run_and_plan_count_left_out_values_with_shares(
    marts: MartsWarehouse, running_emulator: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    running_emulator.reset()
    job = Job(marts, running_emulator)
    add_model(marts)
    for outcome in (job.plan(), job.run()):
        assert json.loads(outcome.as_json())["left_out"] == [
            {
                "entity": "contacts",
                "kind": "contact",
                "reason": "no_identifier",
                "left_out": 68,
                "total": 91,
                "percent": 74.7,
            },
            {
                "entity": "contacts",
                "kind": "phone",
                "reason": "phone_too_short",
                "left_out": 1,
                "total": 3,
                "percent": 33.3,
            },
            {
                "entity": "orders",
                "kind": "finish_date_time",
                "reason": "order_open",
                "left_out": 5,
                "total": 5,
                "percent": 100.0,
            },
        ]
        finish(outcome, "sent", as_json=False)
        told = capsys.readouterr().out
        assert "no_identifier" in told
        assert "74.7 %" in told
    assert [each.entity for each in job.plan(("orders",)).left_out] == ["orders"]


def test_left_out_identifiers_are_counted_where_simple_orders_carry_them(
    marts: MartsWarehouse,
) -> None:
    add_model(marts)
    with open_session(DbtSettings(marts.folder, marts.folder)) as session:
        found = read_left_out(session.wh, session.marts, ["simple_orders"])
    # Simple orders have no finish date.
    assert [(each.kind, each.left_out) for each in found] == [("contact", 68), ("phone", 1)]


def test_doctor_warns_of_left_out_values_with_shares(marts: MartsWarehouse) -> None:
    add_model(marts)
    found = examined(marts)
    assert found.level == "warning"
    assert "68 of 91 contacts (74.7 %, no_identifier)" in found.found
    assert "1 of 3 values of phone in contacts (33.3 %" in found.found
    assert "too_many" not in found.found


def test_doctor_is_content_when_nothing_is_left_out(marts: MartsWarehouse) -> None:
    assert examined(marts).level == "ok"
    add_model(marts)
    marts.sql("update metrica_work.left_out set left_out = 0")
    assert examined(marts).level == "ok"


def test_doctor_warns_of_a_left_out_table_that_dbt_did_not_build(marts: MartsWarehouse) -> None:
    add_model(marts, build=False)
    found = examined(marts)
    assert found.level == "warning"
    assert found.found == "table metrica_work.left_out is missing"
    assert "dbt build" in found.advice


@pytest.mark.parametrize("build", [True, False])
def test_left_out_that_cannot_be_read_stops_no_run(
    marts: MartsWarehouse, running_emulator: RunningEmulator, *, build: bool
) -> None:
    running_emulator.reset()
    add_model(marts, build=build)
    if build:
        marts.sql("alter table metrica_work.left_out drop column total")
        assert examined(marts).level == "warning"
    outcome = Job(marts, running_emulator).run()
    assert (outcome.error, outcome.left_out) == (None, ())


def test_left_out_is_empty_without_the_model(marts: MartsWarehouse) -> None:
    with open_session(DbtSettings(marts.folder, marts.folder)) as session:
        assert read_left_out(session.wh, session.marts, ["contacts"]) == []
    assert Outcome().left_out == []
