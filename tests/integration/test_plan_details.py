"""`plan`: the rows that would change, the files that a run would send, and Markdown."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from metrica_export.checks.cures import cure_of
from metrica_export.cli.main import cli
from metrica_export.cli.markdown import escape
from metrica_export.commands import plan, run
from metrica_export.commands.outcome import Outcome
from metrica_export.metrica.access import Api
from metrica_export.settings import Form, Limits, Options

from tests.support.job import ALL, Job
from tests.support.recorder import recording

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/run.schema.json").read_text())
PERSONAL = ("Анна", "anna@", "79995551111", "100.50")
ON_DUCKDB = pytest.mark.parametrize("job", ["duckdb"], indirect=True)


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.put(
        "order_statuses",
        *({"id": key, "type": "IN_PROGRESS", "humanized": key} for key in ("new", "paid")),
    )
    job.marts.put("products", {"name": "p1", "humanized": "Чайник; «Ж»"})
    job.marts.contacts(*(f"c{n}" for n in range(7)), client_ids="1,2")
    job.marts.orders(*map(str, range(7)), order_status="paid", status_path="new,paid")


def call(job: Job, *arguments: str) -> Result:
    flags = [*job.marts.flags, "--counter-id", str(job.emulator.counter)]
    return CliRunner().invoke(cli, ["plan", *flags, *arguments])


def planned(job: Job, *arguments: str) -> dict[str, Any]:
    """Return the JSON of `plan`, which fits the schema."""
    shown = call(job, "--json", *arguments)
    assert shown.exit_code == 0, (shown.output, shown.exception)
    found: dict[str, Any] = json.loads(shown.stdout)
    assert [e.message for e in Draft202012Validator(SCHEMA).iter_errors(found)] == []
    return found


def test_plan_rows_lists_the_rows_and_columns_that_change(job: Job) -> None:
    found = planned(job, "--rows", "3")["rows"]
    assert {mart: len(rows) for mart, rows in found.items()} == {
        "order_statuses": 2,
        "products": 1,
        "contacts": 3,
        "orders": 3,
    }
    assert found["orders"][0]["statuses"] == ["new", "paid"]
    job.run()
    job.marts.orders("3", order_status="new", status_path="new,paid,new", cost="1.00")
    job.marts.contacts("c9")
    job.marts.contacts("c2", client_ids=None, create_date_time="2020-01-01 00:00:00")
    found = planned(job, "--rows", "3")["rows"]
    assert {mart: [row["id"] for row in rows] for mart, rows in found.items()} == {
        "contacts": ["c2", "c9"],
        "orders": ["3"],
    }
    (order,), (contact, new) = found["orders"], found["contacts"]
    assert (order["last_status"], order["statuses"]) == ("paid", ["new"])
    assert (contact["delivered"], new["delivered"]) == ("yes", "no")
    changes = {each["column"]: each["change"] for each in contact["columns"]}
    assert (changes["client_ids"], changes["create_date_time"]) == ("emptied", "kept")
    assert {"column": "cost", "change": "filled"} in order["columns"]
    shown = call(job, "--rows", "3").stdout
    assert "paid → new" in shown
    assert "becomes empty" in shown


def test_plan_prints_values_only_on_demand(
    job: Job, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "staging"
    folder.mkdir()
    for form in ([], ["--json"], ["--markdown"]):
        masked = call(job, "--rows", "9", *form)
        assert not [text for text in PERSONAL if text in masked.output]
        shown = call(job, "--rows", "9", "--show-values", *form, "--staging-dir", str(folder))
        assert all(text.strip("@") in shown.stdout for text in PERSONAL[:3])
        assert not [text for text in PERSONAL if text in shown.stderr + caplog.text]
    assert [*folder.iterdir()] == []


@ON_DUCKDB
def test_plan_without_values_reads_no_cell_and_hides_cells_that_were_read(job: Job) -> None:
    read = plan.plan(Outcome(), job.options(), plan.Wanted(rows=9))
    assert not [text for text in PERSONAL if text in str(read.rows)]
    read = plan.plan(Outcome(), job.options(), plan.Wanted(rows=9, with_values=True))
    assert "Анна" in str(read.rows)
    cells = [c.cells(with_values=False) for changes in (read.rows or {}).values() for c in changes]
    for shown in (read.as_dict(with_values=False), cells):
        assert not [text for text in PERSONAL if text in str(shown)]


def test_plan_rows_lists_delivered_rows_first(job: Job) -> None:
    job.run()
    job.marts.orders("00", order_status="new")
    job.marts.orders("5", "3", order_status="paid", status_path="new,paid", cost="1.00")
    rows = planned(job, "--rows", "9")["rows"]["orders"]
    assert [(row["id"], row["delivered"]) for row in rows] == [
        ("3", "yes"),
        ("5", "yes"),
        ("00", "no"),
    ]
    (cost, *others) = sorted(rows[0]["columns"], key=lambda each: each["column"] != "cost")
    assert cost == {"column": "cost", "change": "filled"}
    assert {each["change"] for each in others} == {"may_differ"}


def test_plan_names_new_custom_attributes(job: Job) -> None:
    new = {"contacts": ["identifiers_count"], "orders": ["items_count"]}
    assert planned(job)["attributes"] == new
    assert "New custom attributes of orders" in call(job).stdout
    job.run(only=("contacts",))
    job.marts.contacts("c9")
    assert planned(job)["attributes"] == {"orders": ["items_count"]}


@pytest.mark.parametrize(
    "more",
    [
        {"limits": Limits(chunk_rows=3)},
        {"limits": Limits(max_steps=1)},
        {"limit": 4, "form": Form(merge_modes=(("contacts", "UPDATE"),))},
    ],
)
def test_plan_files_are_those_of_the_run(job: Job, tmp_path: Path, more: dict[str, Any]) -> None:
    for key, cells in (("c1", {"client_ids": None}), ("c2", {"birth_date": "1990-01-01"})):
        job.marts.contacts(key, **cells)
    check_files(job, tmp_path / "files", job.options(ALL, **more))


@ON_DUCKDB
def test_plan_files_are_those_of_the_run_in_json_and_simple_orders(
    job: Job, tmp_path: Path
) -> None:
    manifest = job.marts.folder / "target" / "manifest.json"
    content = json.loads(manifest.read_text())
    del content["nodes"]["model.crm.orders"]["columns"]["items_count"]
    manifest.write_text(json.dumps(content))
    check_files(job, tmp_path / "json", job.options(ALL, form=Form(json_rows=100)))
    assert [p.suffix for p in sorted((tmp_path / "json").iterdir())][-1] == ".json"
    job.marts.simple_orders("1", "2")
    only = job.options(("simple_orders",), form=Form("simple"))
    check_files(job, tmp_path / "simple", replace(only, counter_id=7), send=False)


def check_files(job: Job, folder: Path, options: Options, *, send: bool = True) -> None:
    """Write the files of a plan, then run: the run sends these bytes, in this order."""
    found = plan.plan(Outcome(), options, plan.Wanted(files=folder))
    paths = sorted(folder.iterdir())
    assert len(paths) == found.files > 0
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    if not send:
        return
    with recording(int(job.emulator.url.rpartition(":")[2])) as recorder:
        api = Api(f"http://127.0.0.1:{recorder.port}", options.counter_id, job.emulator.token)
        outcome = run.run(options, api)
    uploads = sum(counts.uploads for counts in outcome.entities.values())
    assert len(paths) == uploads
    sent, place = bytes(recorder.sent), 0
    for path in paths:
        place = sent.find(path.read_bytes(), place)
        assert place >= 0, path.name
        place += path.stat().st_size


@ON_DUCKDB
def test_plan_files_needs_an_empty_folder(job: Job, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "other").touch()
    for folder, words in (("full", "not empty"), ("full/other", "cannot be used")):
        shown = call(job, "--files", str(tmp_path / folder))
        assert (shown.exit_code, words in shown.stderr) == (2, True), shown.stderr
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["other"]
    assert call(job, "--files", str(tmp_path / "new" / "one")).exit_code == 0
    assert (tmp_path / "new" / "one").stat().st_mode & 0o777 == 0o700
    assert "16 files" not in call(job).stdout


@ON_DUCKDB
def test_plan_markdown_is_a_page_of_tables(job: Job) -> None:
    job.marts.contacts("bad|<b>\x1b[2J", phones="8 (999) 1")
    job.marts.orders("1", client_uniq_id="bad|<b>\x1b[2J", order_status="paid")
    shown = call(job, "--markdown", "--rows", "100").stdout
    assert "### Changes in Metrica\n\n| mart | change | rows |\n| --- | --- | --- |\n" in shown
    assert "| contacts | new | 7 |" in shown
    assert "| contacts | rejected | uniq\\_id | id\\_malformed | 1 |" in shown
    assert "### Cures" in shown
    assert f"| id\\_malformed | {cure_of('id_malformed')} |" in shown
    assert "\x1b" not in shown
    for title in ("Not sent", "Changes in Metrica", "Rows", "Rows by state"):
        assert f"### {title}\n\n| " in shown
    assert "New custom attributes of orders" in shown
    tables = [line for line in shown.splitlines() if line.startswith("|")]
    assert all(line.endswith(" |") for line in tables)


def test_markdown_escapes_every_character_with_a_meaning() -> None:
    assert escape("a|b`c<d>\n@e_") == "a\\|b\\`c\\<d\\>\\\\n\\@e\\_"
