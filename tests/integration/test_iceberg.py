"""Marts in Iceberg tables, written by pyiceberg as Spark writes them, and the ledger elsewhere."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from metrica_export.cli.main import cli
from metrica_export.commands.export import Export
from metrica_export.commands.status import status
from metrica_export.errors import SettingsError, WarehouseError
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.iceberg_snapshots import pin, read_snapshots
from metrica_export.warehouse.session import open_session
from pyiceberg.table import DataScan, FileScanTask
from pyiceberg.types import LongType, StringType, TimestamptzType

from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.lake_marts import LakeMarts, make_lake
from tests.support.marts_fixture import MartsWarehouse, make_marts


@pytest.fixture
def empty_marts(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Path, Database | None], MartsWarehouse]:
    """Return what makes Iceberg marts; `job` then has its ledger in each kind of database."""
    # Without a process of its own, which takes a second to start.
    monkeypatch.setattr("metrica_export.warehouse.iceberg.read_snapshots", pin)
    return make_lake


@pytest.fixture
def lake(job: Job) -> LakeMarts:
    """Return the marts of the job, filled with rows that can be sent, and two that cannot."""
    assert isinstance(job.marts, LakeMarts)
    fill(job.marts)
    return job.marts


def fill(marts: MartsWarehouse) -> None:
    marts.put("order_statuses", {"id": "new", "type": "IN_PROGRESS", "humanized": "Новый"})
    marts.put("products", {"name": "p1", "humanized": "Яблоко"})
    marts.contacts("c1", "c2", birth_date="1980-02-29")
    marts.contacts("c3", phones="no phone")
    marts.orders("o1", "o2", finish_date_time="2026-11-02 00:00:00", cost="0.10")
    marts.orders("o3", client_uniq_id="c3")


EVERYTHING = {"order_statuses": 1, "products": 1, "contacts": 2, "orders": 2}


def command(job: Job, *arguments: str) -> Result:
    env = {"METRICA_TOKEN": job.emulator.token, "METRICA_COUNTER_ID": str(job.emulator.counter)}
    return CliRunner().invoke(cli, [*arguments, *job.marts.flags], env=env)


def in_middle(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Act once, after the delta of the next run's contacts."""
    compare = Export.compare
    done: list[object] = []

    def acting(self: Export, mart: Mart) -> None:
        compare(self, mart)
        if mart.name == "contacts" and not done:
            done.append(act())

    monkeypatch.setattr(Export, "compare", acting)


def test_iceberg_run_sends_the_delta_once(job: Job, lake: LakeMarts) -> None:
    assert job.sent() == EVERYTHING
    assert job.sent() == {}
    assert job.sent(everything=True) == {}
    lake.contacts("c2", name="Ирина", updated_at="2026-11-03 00:00:00+00")
    # Behind the watermark: the checksum shows it.
    lake.orders("o1", revenue="7.00", updated_at="2026-10-01 00:00:00+00")
    assert job.sent() == {"contacts": 1, "orders": 1}
    assert job.held_by_metrica("contacts", "name")["c2"] == "Ирина"
    assert job.sent() == {}


def test_iceberg_files_equal_those_from_a_duckdb_mart(
    job: Job, lake: LakeMarts, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = "select entity, row_count, sha256 from metrica_export.ledger_uploads order by upload_no"
    job.sent()
    from_lake = lake.sql(files)
    marts = make_marts(tmp_path_factory.mktemp("single"), None)
    fill(marts)
    job.emulator.reset()
    job.emulator.quotas(requests_per_second=1000)
    Job(marts, job.emulator).sent()
    assert [entity for entity, *_ in from_lake] == [*EVERYTHING]
    assert from_lake == marts.sql(files)


def test_iceberg_marts_have_the_types_of_duckdb_marts(job: Job, lake: LakeMarts) -> None:
    with open_session(job.dbt, read_only=True) as session:
        found = {each.name: session.wh.columns("metrica", each.table) for each in session.marts.all}
    with MartsWarehouse(lake.folder, None).connection() as connection:
        for mart, types in found.items():
            wanted = connection.execute(f"describe metrica.{mart}").fetchall()
            assert types == {column: kind for column, kind, *_ in wanted}


def test_iceberg_views_have_the_states_of_the_last_run(job: Job, lake: LakeMarts) -> None:
    job.run()
    assert job.states("contacts") == {
        "c1": ("sent", None),
        "c2": ("sent", None),
        "c3": ("rejected", "phones_malformed"),
    }
    assert job.states("orders")["o3"] == ("held", "contact_unsendable")
    lake.orders("o4")
    # The ledger does not know it yet.
    assert "o4" not in job.states("orders")
    deadlines = "select id from metrica_export.deadlines where entity = 'orders' order by id"
    assert lake.sql(deadlines) == [("o1",), ("o2",)]


def test_iceberg_status_counts_rows_of_the_marts(job: Job, lake: LakeMarts) -> None:
    before, runs = status(job.dbt, job.emulator.counter)
    assert (before["orders"]["rows"], before["orders"]["pending"], runs) == (3, 3, [])
    job.run()
    lake.orders("o4")
    after, (run,) = status(job.dbt, job.emulator.counter)
    counts = {"rows": 4, "pending": 1, "sent": 2, "rejected": 0, "held": 1}
    assert after["orders"].items() >= counts.items()
    assert run["exit_code"] == 0


@pytest.mark.usefixtures("lake")
def test_iceberg_commands_read_marts_and_ledger(job: Job, tmp_path: Path) -> None:
    api = ("--api-url", job.emulator.url)
    assert job.plan().entities["orders"].sent == 2
    job.run()
    explained = json.loads(command(job, "explain", "orders", "o3", "--json").output)
    assert explained["rows"][0]["next_run"]["reason"] == "contact_unsendable"
    assert command(job, "explain", "orders", "o1").exit_code == 0
    page = tmp_path / "report.html"
    made = command(job, "report", "--output", str(page))
    assert (made.exit_code, page.exists()) == (0, True), made.output
    rejected = json.loads(command(job, "rejects", "--json").output)
    assert {row["id"] for row in rejected["rejects"]} == {"c3", "o3"}
    found = command(job, "doctor", *api)
    assert "error" not in found.output.lower(), found.output
    assert command(job, "reset", "--mart", "orders", "--id", "o1", "--yes").exit_code == 0
    assert job.sent() == {"orders": 1}


def test_iceberg_recover_records_the_rows_of_the_marts(job: Job, lake: LakeMarts) -> None:
    lake.contacts("c1", updated_at="2026-11-27 00:00:00+00")
    found = command(job, "recover", "--yes", "--api-url", job.emulator.url)
    assert found.exit_code == 0, found.output
    assert lake.sql(
        "select entity, row_count from metrica_export.ledger_uploads order by entity"
    ) == [("contacts", 3), ("order_statuses", 1), ("orders", 3), ("products", 1)]


def test_iceberg_filter_selects_rows(job: Job, lake: LakeMarts) -> None:
    condition = "id in (select id from metrica.orders where id <> 'o1')"
    filtered = Job(lake, job.emulator, (("orders", condition),))
    assert filtered.sent() == EVERYTHING | {"orders": 1}
    counts, _ = status(filtered.dbt, job.emulator.counter)
    assert counts["orders"]["rows"] == 2


@pytest.mark.usefixtures("lake")
def test_iceberg_run_resumes_after_an_error(job: Job) -> None:
    job.emulator.fault("status:403", "POST /data/orders/csv")
    assert job.run().error is not None
    assert job.sent() == {"orders": 2}
    assert [entity for entity, _, status in job.uploads() if status == "PASSED"].count(
        "orders"
    ) == 1


def test_iceberg_commit_during_a_run_waits_for_the_next(
    job: Job, lake: LakeMarts, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_middle(monkeypatch, lambda: lake.orders("o1", "o4", revenue="9.00"))
    # Job.run compares the counts with the marts after the run.
    counts = [("orders", 3), ("contacts", 3), ("order_statuses", 1), ("products", 1)]
    monkeypatch.setattr(LakeMarts, "sql", lambda _self, _query: counts)
    outcome = job.run()
    monkeypatch.undo()
    assert outcome.entities["orders"].sent == 2
    assert job.held_by_metrica("orders", "revenue") == {"o1": 100.5, "o2": 100.5}
    assert job.sent()["orders"] == 2
    assert job.held_by_metrica("orders", "revenue")["o1"] == 9


def test_iceberg_expired_snapshot_stops_the_run(
    job: Job, lake: LakeMarts, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = lake.lake / "metrica" / "orders" / "data"
    in_middle(monkeypatch, lambda: shutil.rmtree(data))
    outcome = job.run()
    assert outcome.exit_code == 3
    assert "of metrica.orders, snapshot" in str(outcome.error)
    assert "is gone: the snapshot was expired" in str(outcome.error)


def test_iceberg_lost_metadata_is_an_error(job: Job, lake: LakeMarts) -> None:
    shutil.rmtree(lake.lake / "metrica" / "orders")
    with pytest.raises(WarehouseError, match=r"metadata of table metrica\.orders"):
        status(job.dbt, job.emulator.counter)


@pytest.mark.usefixtures("lake")
def test_iceberg_delete_files_are_refused(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = DataScan.plan_files

    def with_deletes(self: DataScan) -> Iterator[FileScanTask]:
        for task in plan(self):
            task.delete_files = {task.file}
            yield task

    # pyiceberg writes no delete files.
    monkeypatch.setattr(DataScan, "plan_files", with_deletes)
    with pytest.raises(WarehouseError, match="copy-on-write"):
        status(job.dbt, job.emulator.counter)


def test_iceberg_files_of_an_older_schema_are_read_by_field_ids(job: Job, lake: LakeMarts) -> None:
    job.run()
    with lake.table("metrica.orders").update_schema() as change:
        change.rename_column("goals", "former_goals")
    with lake.table("metrica.orders").update_schema() as change:
        change.add_column("goals", StringType())
        change.update_column("items_count", LongType())
    with open_session(job.dbt, read_only=True) as session:
        (rows,) = session.wh.row("select count(*) from marts.metrica.orders where goals is null")
        assert rows == 3
        assert session.wh.columns("metrica", "orders")["items_count"] == "BIGINT"
    assert job.sent() == {}


def test_iceberg_column_of_a_wrong_type_is_named(job: Job, lake: LakeMarts) -> None:
    table = lake.table("metrica.orders")
    with table.update_schema() as change:
        change.delete_column("create_date_time")
    with lake.table("metrica.orders").update_schema() as change:
        change.add_column("create_date_time", TimestamptzType())
    with pytest.raises(WarehouseError, match="column create_date_time has type TIMESTAMP WITH"):
        status(job.dbt, job.emulator.counter)


def test_iceberg_missing_mart_is_named(job: Job, lake: LakeMarts) -> None:
    with lake.catalog() as catalog:
        catalog.drop_table("metrica.orders")
    with pytest.raises(WarehouseError, match=r"no mart metrica\.orders. Run `dbt build`"):
        status(job.dbt, job.emulator.counter)


def test_iceberg_unreachable_catalog_is_named_without_its_password(
    job: Job, lake: LakeMarts
) -> None:
    file = lake.folder / "profiles.yml"
    profiles = json.loads(file.read_text())
    parameters = profiles["crm"]["outputs"]["spark"]["server_side_parameters"]
    parameters["spark.sql.catalog.lake.uri"] = "jdbc:postgresql://127.0.0.1:1/lake"
    parameters["spark.sql.catalog.lake.jdbc.user"] = "spark"
    parameters["spark.sql.catalog.lake.jdbc.password"] = "s3cret"
    file.write_text(json.dumps(profiles))
    with pytest.raises(WarehouseError) as caught:
        status(job.dbt, job.emulator.counter)
    assert "127.0.0.1:1/lake, as 'spark'" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.usefixtures("lake")
def test_iceberg_snapshots_come_from_a_process_of_their_own(
    job: Job, lake: LakeMarts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrica_export.warehouse.iceberg.read_snapshots", read_snapshots)
    assert status(job.dbt, job.emulator.counter)[0]["orders"]["rows"] == 3
    shutil.rmtree(lake.lake / "metrica" / "orders")
    with pytest.raises(WarehouseError, match=r"metadata of table metrica\.orders"):
        status(job.dbt, job.emulator.counter)


def test_iceberg_without_pyiceberg_names_the_extra(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrica_export.warehouse.iceberg_snapshots.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"metrica-crm-export\[iceberg\]"):
        status(job.dbt, job.emulator.counter)


def test_ledger_is_required_for_spark(job: Job) -> None:
    folder = job.marts.folder
    with pytest.raises(SettingsError, match="METRICA_LEDGER"):
        status(DbtSettings(folder, folder), job.emulator.counter)
    with pytest.raises(SettingsError, match="of type spark, which cannot hold"):
        status(DbtSettings(folder, folder, ledger="spark"), job.emulator.counter)


def test_ledger_can_be_in_another_database_than_duckdb_marts(
    tmp_path: Path, running_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrica_export.metrica.http._GAP", 0.0)
    running_emulator.reset()
    running_emulator.quotas(requests_per_second=1000)
    marts = make_marts(tmp_path, None)
    fill(marts)
    file = tmp_path / "profiles.yml"
    profiles = json.loads(file.read_text())
    ledger = {"type": "duckdb", "path": str(tmp_path / "ledger.duckdb")}
    profiles["crm"]["outputs"]["ledger"] = ledger
    file.write_text(json.dumps(profiles))
    found = command(
        Job(marts, running_emulator), "run", "--ledger", "ledger", "--api-url", running_emulator.url
    )
    assert found.exit_code == 0, found.output
    assert not marts.sql("from duckdb_schemas() where schema_name = 'metrica_export'")
    assert running_emulator.sql("select count(*) from orders") == [(2,)]


def test_ledger_of_postgres_marts_is_in_their_database(
    tmp_path: Path, pg_database: Database
) -> None:
    make_marts(tmp_path, pg_database)
    file = tmp_path / "profiles.yml"
    profiles = json.loads(file.read_text())
    profiles["crm"]["outputs"]["other"] = {"type": "duckdb", "path": str(tmp_path / "l.duckdb")}
    file.write_text(json.dumps(profiles))
    with pytest.raises(SettingsError, match="ledger in the same database"):
        status(DbtSettings(tmp_path, tmp_path, ledger="other"), 1)
    status(DbtSettings(tmp_path, tmp_path, ledger="postgres"), 1)


def test_ledger_of_an_unknown_target_names_the_flag(tmp_path: Path) -> None:
    make_marts(tmp_path, None)
    with pytest.raises(SettingsError, match=r"no target 'ledgr' .*--ledger to one of these"):
        status(DbtSettings(tmp_path, tmp_path, ledger="ledgr"), 1)
