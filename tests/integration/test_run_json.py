"""The JSON of `run` and `plan`: every object fits `docs/reference/run.schema.json`."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from metrica_export.cli.main import main
from metrica_export.commands.result import RunResult
from metrica_export.ledger.records import Changes, EntityCounts
from metrica_export.metrica.formats import ENTITIES
from metrica_export.settings import GATE

from tests.support.job import Job

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/reference/run.schema.json").read_text("utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA)

pytestmark = pytest.mark.parametrize("job", ["duckdb"], indirect=True)


def check(shown: dict[str, Any]) -> dict[str, Any]:
    """Assert that an object fits the schema; returns it."""
    problems = [f"{list(e.absolute_path)}: {e.message}" for e in VALIDATOR.iter_errors(shown)]
    assert problems == []
    return shown


def printed(outcome: RunResult) -> dict[str, Any]:
    return check(json.loads(outcome.as_json()))


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "new", "type": "IN_PROGRESS"})
    job.marts.contacts("c1", "c2")
    job.marts.contacts("bad", phones="8 (999) 1")
    job.marts.orders("1", order_status="new")


@pytest.mark.usefixtures("job")
def test_schema_is_a_valid_one_and_names_what_the_code_knows() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["mart"]["enum"] == [entity.name for entity in ENTITIES]
    assert set(SCHEMA["properties"]["exceeded"]["propertyNames"]["enum"]) == set(GATE)
    assert set(SCHEMA["$defs"]["changes"]["properties"]) - {"vanished"} == set(
        asdict(Changes())
    ) - {"vanished"}
    assert {*asdict(EntityCounts(0, 0, 0, 0, 0, 0)), "pending"} == set(
        SCHEMA["$defs"]["counts"]["required"]
    )


def test_json_of_a_run_says_which_run_it_was(job: Job) -> None:
    shown = printed(job.run())
    ((run_no, started, finished),) = job.marts.sql(
        "select run_no, epoch(started_at), epoch(finished_at) from metrica_export.ledger_runs"
    )
    assert (shown["run_no"], shown["counter"]) == (run_no, job.emulator.counter)
    assert (shown["target"], shown["mode"]) == ("duckdb", "detailed")
    assert datetime.fromisoformat(shown["started_at"]).timestamp() == pytest.approx(started)
    assert datetime.fromisoformat(shown["finished_at"]).timestamp() == pytest.approx(
        finished, abs=5
    )
    ((uploaded,),) = job.marts.sql("select sum(byte_count) from metrica_export.uploads")
    assert shown["bytes"] == uploaded > 0
    assert shown["warnings"] == {"rejected": 1, "held": 0, "new": 1}
    quiet = printed(job.run())
    assert (quiet["run_no"], quiet["bytes"]) == (run_no + 1, 0)


def test_json_of_a_plan_has_no_run_number(job: Job) -> None:
    shown = printed(job.plan())
    assert (shown["run_no"], shown["bytes"], shown["requests"]) == (None, 0, 0)
    assert shown["started_at"] <= shown["finished_at"]


def test_json_of_a_run_that_an_error_ended_fits_the_schema(job: Job) -> None:
    job.emulator.fault("status:403", "POST /data/orders/csv")
    shown = printed(job.run())
    assert (shown["exit_code"], shown["warnings"]["new"]) == (4, None)


def test_json_of_a_run_stopped_by_the_gate_fits_the_schema(job: Job) -> None:
    job.marts.contacts(*(f"b{i}" for i in range(9)), phones="8 (999) 1")
    assert printed(job.plan())["exit_code"] == 6
    shown = printed(job.run())
    assert (shown["exit_code"], list(shown["exceeded"])) == (6, ["unsendable"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "--only", "nothing"], 2),
        (["run", "--nothing"], 2),
        (["plan", "--project-dir", "nowhere"], 2),
        (["run", "--fail-on", "perhaps"], 2),
    ],
)
def test_json_of_a_command_that_did_not_begin_fits_the_schema(
    job: Job,
    arguments: list[str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("METRICA_TOKEN", "t")
    flags = ["--counter-id", str(job.emulator.counter), "--json"]
    monkeypatch.setattr("sys.argv", ["metrica-export", *arguments, *flags])
    with pytest.raises(SystemExit):
        main()
    shown = check(json.loads(capfd.readouterr().out))
    assert shown["exit_code"] == code


def others() -> Iterator[dict[str, Any]]:
    good: dict[str, Any] = json.loads(RunResult(error="x", exit_code=4).as_json())
    check(good)
    yield good | {"exit_code": 1}
    yield good | {"surprise": 1}
    yield good | {"entities": {"contacts": {"rows": 1}}}
    yield good | {"bytes": -1}
    yield {key: value for key, value in good.items() if key != "error"}


@pytest.mark.usefixtures("job")
def test_schema_refuses_other_objects() -> None:
    for wrong in others():
        assert not VALIDATOR.is_valid(wrong), wrong
