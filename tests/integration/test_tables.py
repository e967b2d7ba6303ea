"""Arrow tables of the Python interface, and the Parquet files of the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import metrica_export
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from metrica_export import SettingsError, counts_table, explain_table, plan_table, rejects_table
from metrica_export.cli.main import cli
from metrica_export.commands import tables
from metrica_export.commands.parquet_file import write_parquet
from metrica_export.errors import WarehouseError
from metrica_export.warehouse.connection import Attached

from tests.support.job import Job

PERSONAL = ("Анна", "anna@", "79995551111", "100.50")
UTC_TIME = pa.timestamp("us", tz="UTC")


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.put(
        "order_statuses",
        *({"id": key, "type": "IN_PROGRESS", "humanized": key} for key in ("new", "paid")),
    )
    job.marts.put("products", {"name": "p1"})
    job.marts.contacts("c1", "c2", client_ids="1,2")
    job.marts.contacts("b1", "b2", phones="8 (999) 1")
    job.marts.orders("704", "705", order_status="paid", status_path="new,paid")


def call(job: Job, command: str, *arguments: str) -> Result:
    flags = [*job.marts.flags, "--counter-id", str(job.emulator.counter)]
    return CliRunner().invoke(cli, [command, *flags, *arguments])


def written(job: Job, path: Path, command: str, *arguments: str) -> pa.Table:
    """Return the Parquet file that a command writes, which only its owner can read."""
    form = ("--format", "parquet", "--output", str(path))
    shown = call(job, command, *arguments, *form)
    assert shown.exit_code == 0, (shown.output, shown.exception)
    assert path.stat().st_mode & 0o777 == 0o600
    assert parquet_files(path.parent) == [path.name]
    assert not [text for text in PERSONAL if text in shown.output]
    return pq.read_table(path)


def parquet_files(folder: Path) -> list[str]:
    """Return the names of Parquet files, unfinished ones too."""
    return [path.name for path in folder.iterdir() if ".parquet" in path.name]


def as_json(job: Job, command: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(job, command, *arguments, "--json").stdout)
    return found


def test_tables_counts_are_those_of_the_run(job: Job) -> None:
    result = job.run()
    found = counts_table(result)
    assert found.schema == tables.COUNTS_SCHEMA
    assert found.schema.field("started_at").type == UTC_TIME
    lines = found.to_pylist()
    assert [line["mart"] for line in lines] == [*result.entities]
    shown = result.as_dict()
    for line in lines:
        counts = shown["entities"][line["mart"]]
        assert {key: line[key] for key in counts} == counts
        assert line["finished_at"].isoformat() == shown["finished_at"]
        assert (line["run_no"], line["counter"]) == (1, job.emulator.counter)


def test_tables_rejects_have_the_rows_of_the_json_with_run_and_time(
    job: Job, tmp_path: Path
) -> None:
    before = datetime.now(UTC)
    job.run()
    found = rejects_table(job.options())
    assert found == written(job, tmp_path / "rejects.parquet", "rejects")
    assert found.schema == tables.REJECTS_SCHEMA
    lines = found.to_pylist()
    times = [line.pop("judged_at") for line in lines]
    assert [line.pop("run_no") for line in lines] == [1, 1]
    assert lines == as_json(job, "rejects")["rejects"]
    assert [line["id"] for line in lines] == ["b1", "b2"]
    assert found.schema.field("judged_at").type == UTC_TIME
    assert all(abs((at - before).total_seconds()) < 600 for at in times)
    limited = ("--limit", "1", "--mart", "contacts")
    assert written(job, tmp_path / "rejects.parquet", "rejects", *limited) == found.slice(0, 1)
    assert rejects_table(job.options(), "orders").num_rows == 0


def test_tables_rejects_are_empty_before_the_first_run(job: Job, tmp_path: Path) -> None:
    found = written(job, tmp_path / "rejects.parquet", "rejects")
    assert (found.num_rows, found.schema) == (0, tables.REJECTS_SCHEMA)


def test_tables_rejects_are_written_in_batches(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.run()
    monkeypatch.setattr(tables, "_BATCH", 1)
    written(job, tmp_path / "rejects.parquet", "rejects")
    assert pq.ParquetFile(tmp_path / "rejects.parquet").num_row_groups == 2


def test_tables_plan_has_a_line_for_each_column_in_the_stated_order(
    job: Job, tmp_path: Path
) -> None:
    job.run()
    job.marts.orders("701", order_status="new")
    job.marts.orders("705", order_status="new", status_path="new,paid,new", cost="1.00")
    job.marts.contacts("c2", client_ids=None)
    found = plan_table(job.options(), 10)
    assert found == written(job, tmp_path / "plan.parquet", "plan", "--rows", "10")
    assert found.schema == tables.PLAN_SCHEMA
    lines = found.to_pylist()
    heads = [*dict.fromkeys((line["mart"], line["id"], line["delivered"]) for line in lines)]
    assert heads == [("contacts", "c2", "yes"), ("orders", "705", "yes"), ("orders", "701", "no")]
    for mart, rows in as_json(job, "plan", "--rows", "10")["rows"].items():
        for row in rows:
            of_row = [x for x in lines if (x["mart"], x["id"]) == (mart, row["id"])]
            assert [(x["column"], x["change"]) for x in of_row] == [
                (each["column"], each["change"]) for each in row["columns"]
            ]
            assert {(*x["statuses"], x["steps_left"]) for x in of_row} == {(*row["statuses"], 0)}
    assert {line["value"] for line in lines if line["change"] == "emptied"} == {None}
    assert {line["value"] for line in lines if line["change"] != "emptied"} == {"***"}


def test_tables_have_cells_only_on_demand(job: Job, tmp_path: Path) -> None:
    path = tmp_path / "values.parquet"
    explained = ("explain", "contacts", "c1")
    for command in (("plan", "--rows", "10"), explained):
        assert not [text for text in PERSONAL if text in str(written(job, path, *command))]
        shown = str(written(job, path, *command, "--show-values").to_pylist())
        assert all(text.strip("@") in shown for text in PERSONAL[:3]), command
    assert not [text for text in PERSONAL if text in str(plan_table(job.options(), 10).to_pylist())]
    assert "Анна" in str(plan_table(job.options(), 10, with_values=True).to_pylist())
    masked = explain_table(job.options(), "contacts", "c1").to_pylist()
    assert not [text for text in PERSONAL if text in str(masked)]
    shown = explain_table(job.options(), "contacts", "c1", with_values=True).to_pylist()
    assert "Анна" in str(shown)


def test_tables_explain_has_the_fields_of_the_json(job: Job, tmp_path: Path) -> None:
    job.run()
    job.marts.orders("704", order_status="new", status_path="new,paid,new", cost="1.00")
    found = explain_table(job.options(), "orders", "704")
    for words in (("orders", "704"), ("orders", "705"), ("contacts", "b1")):
        found = explain_table(job.options(), *words)
        assert found == written(job, tmp_path / "row.parquet", "explain", *words)
        (line,) = found.to_pylist()
        shown = as_json(job, "explain", *words)
        for row in shown["rows"]:
            for each in (row["next_run"]["change"] or {"columns": []})["columns"]:
                each["value"] = "***"
        assert plain(line) == shown
    types = {field.name: field.type for field in found.schema.field("deadlines").type}
    assert types["link_deadline"] == UTC_TIME
    assert types["create_date_time"] == pa.timestamp("us")
    assert found.schema.field("uploads").type.value_type.field("started_at").type == UTC_TIME


def plain(value: Any) -> Any:  # noqa: ANN401 - of JSON
    """Return a cell as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ" if value.tzinfo else "%Y-%m-%d %H:%M:%S")
    return value


def test_tables_explain_of_an_unknown_id_is_a_line_without_rows(job: Job, tmp_path: Path) -> None:
    path = tmp_path / "row.parquet"
    shown = call(job, "explain", "orders", "x\n", "--format", "parquet", "--output", str(path))
    assert shown.exit_code == 1
    (line,) = pq.read_table(path).to_pylist()
    assert (line["id"], line["rows"], line["deadlines"], line["exit_code"]) == ("x\n", [], None, 1)


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_tables_leave_a_time_that_arrow_lacks_empty(job: Job) -> None:
    job.marts.contacts("c1", updated_at="infinity")
    (line,) = explain_table(job.options(), "contacts", "c1").to_pylist()
    assert line["rows"][0]["updated_at"] is None


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rejects", "--format", "parquet"], "--output"),
        (["rejects", "--output", "x.parquet"], "--format parquet"),
        (["rejects", "--format", "csv", "--json"], "csv and json"),
        (["rejects", "--format", "parquet", "--output", "no/where/x.parquet"], "no/where"),
        (["plan", "--format", "parquet", "--output", "x.parquet"], "--rows"),
        (["plan", "--markdown", "--json"], "json and markdown"),
        (["explain", "orders", "1", "--format", "parquet", "--json"], "json and parquet"),
    ],
)
def test_output_format_refuses_options_that_contradict(
    job: Job, arguments: list[str], words: str
) -> None:
    shown = call(job, *arguments)
    assert isinstance(shown.exception, SettingsError)
    assert words in str(shown.exception)


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_parquet_file_is_as_before_after_an_error(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.run()
    path = tmp_path / "rejects.parquet"
    before = written(job, path, "rejects")

    def lost(*_: Any) -> Iterator[tuple[Any, ...]]:
        yield ("contacts", "b1", "rejected", "phones", "phones_malformed", None, 1, 0)
        raise WarehouseError("The warehouse is gone.")

    monkeypatch.setattr(Attached, "stream", lost)
    monkeypatch.setattr(tables, "_BATCH", 1)
    shown = call(job, "rejects", "--format", "parquet", "--output", str(path))
    assert isinstance(shown.exception, WarehouseError)
    assert pq.read_table(path) == before
    assert parquet_files(tmp_path) == [path.name]


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_parquet_file_that_cannot_be_written_is_named(job: Job, tmp_path: Path) -> None:
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "folder.parquet" / "file").touch()
    path = tmp_path / "long" / ("x" * 300)
    path.parent.mkdir()
    shown = call(job, "rejects", "--format", "parquet", "--output", str(path))
    assert isinstance(shown.exception, SettingsError)
    assert f"Cannot write {path}" in str(shown.exception)


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_parquet_file_replaces_no_device_and_no_link(tmp_path: Path) -> None:
    schema = pa.schema([("n", pa.int64())])
    pipe, link, file = (tmp_path / name for name in ("pipe", "link", "file.parquet"))
    os.mkfifo(pipe)
    with pytest.raises(SettingsError, match="is no file"):
        write_parquet(pipe, schema, [(1,)])
    assert pipe.is_fifo()
    link.symlink_to(file)
    assert write_parquet(link, schema, [(1,)]) == 1
    assert link.is_symlink()
    assert pq.read_table(file).num_rows == 1


def test_tables_import_pyarrow_on_use_only() -> None:
    code = (
        "import sys, metrica_export, metrica_export.cli.main, metrica_export.cli.listings, "
        "metrica_export.cli.planning, metrica_export.cli.explanations, metrica_export.commands.run,"
        "metrica_export.commands.plan, metrica_export.commands.explain; "
        "assert 'pyarrow' not in sys.modules; metrica_export.plan_table; "
        "assert 'pyarrow' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert {"counts_table", "plan_table"} <= {*metrica_export.__all__}
