"""A team's dbt project that uses ours as a package: build, tests, rebuild and export."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from metrica_export.commands import run
from metrica_export.commands.init import write_project
from metrica_export.commands.result import RunResult
from metrica_export.console import Reporter
from metrica_export.metrica.access import Api
from metrica_export.settings import DbtSettings, Options
from metrica_export.warehouse.dbt_package import link_package

from tests.dbt.warehouse import Outcome, Warehouse
from tests.support.emulator_fixture import RunningEmulator

ROOT = Path(__file__).parents[2]
LINKED = "packages:\n  - local: .metrica/dbt_package\n"
PAID = ("8,2,closed", "8,2,fresh")
"""A row of the team's CRM before its second build, and at the first one."""

pytestmark = pytest.mark.xdist_group("dbt_package")


def install_packages(warehouse: Warehouse) -> None:
    """Run `dbt deps`, which has no option for the folder of other output."""
    project = str(warehouse.project)
    command = ["deps", "--project-dir", project, "--profiles-dir", project, "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in warehouse.env.items():
            patch.setenv(name, value)
        result = dbtRunner().invoke([*command, "--log-path", f"{project}/logs"])
    assert result.success, result.exception


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Return the team's project, with the package installed and an empty warehouse."""
    home = tmp_path_factory.mktemp("team")
    project = home / "project"
    shutil.copytree(Path(__file__).parent / "team", project)
    shutil.copy(ROOT / "profiles.example.yml", project / "profiles.yml")
    (project / "packages.yml").write_text(LINKED, encoding="utf-8")
    link_package(project)
    env = {"METRICA_DUCKDB_PATH": str(home / "warehouse.duckdb")}
    warehouse = Warehouse("duckdb", env, project, project, project)
    install_packages(warehouse)
    return warehouse


@pytest.fixture(scope="module")
def parsed(team: Warehouse) -> Outcome:
    return team.dbt("parse")


@pytest.fixture(scope="module")
def built(team: Warehouse, parsed: Outcome) -> Outcome:
    """Return the first build, of an empty warehouse, with all data tests and unit tests."""
    assert parsed.success, parsed.complaints
    deals = team.project / "seeds/raw_deals.csv"
    later = deals.read_text(encoding="utf-8")
    deals.write_text(later.replace(*PAID), encoding="utf-8")
    outcome = team.dbt("build")
    deals.write_text(later, encoding="utf-8")
    return outcome


def export(team: Warehouse, emulator: RunningEmulator) -> RunResult:
    dbt = DbtSettings(team.project, team.project)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in team.env.items():
            patch.setenv(name, value)
        api = Api(emulator.url, emulator.counter, emulator.token)
        return run.run(Options(dbt, emulator.counter), api, Reporter())


def manifest(team: Warehouse) -> dict[str, Any]:
    text = (team.output / "target/manifest.json").read_text("utf-8")
    return dict(json.loads(text))


def test_package_parses_without_a_warning(parsed: Outcome) -> None:
    assert (parsed.success, parsed.complaints) == (True, "")


def test_package_one_build_works_from_an_empty_database(team: Warehouse, built: Outcome) -> None:
    assert built.success, built.complaints
    assert built.count("unit_test", "pass") == built.count(
        "unit_test", *set(built.statuses.values())
    )
    assert built.count("unit_test", "pass") > 10
    assert team.rows("select id, order_status from metrica.orders order by id") == [
        ("7", "fresh"),
        ("8", "fresh"),
    ]
    # CRM tables that are models of the team have an edge in the DAG.
    nodes = manifest(team)["nodes"]
    [read] = nodes["model.metrica_crm.stg_crm__orders"]["depends_on"]["nodes"]
    assert read == "model.team.team_orders"


def test_package_leaves_the_schemas_of_the_parent(team: Warehouse, built: Outcome) -> None:
    assert built.success, built.complaints
    found = dict(team.rows("select schema_name, count(*) from duckdb_tables() group by 1"))
    assert set(found) == {"main_raw", "metrica", "metrica_work"}
    views = "select schema_name, view_name from duckdb_views() where schema_name like 'main_%'"
    assert sorted(team.rows(views)) == [
        ("main_analytics", "deals_by_stage"),
        ("main_analytics", "orders"),
        ("main_analytics", "team_contacts"),
        ("main_analytics", "team_orders"),
    ]
    assert team.columns("select * from main_analytics.deals_by_stage") == ["stage", "deals"]


def test_package_tests_read_its_own_models_beside_a_model_orders_of_the_team(
    team: Warehouse, built: Outcome
) -> None:
    assert built.success, built.complaints
    nodes = manifest(team)["nodes"]
    tests = [
        node
        for node in nodes.values()
        if node["resource_type"] == "test" and node["package_name"] == "metrica_crm"
    ]
    of_orders = [node for node in tests if node.get("attached_node") == "model.metrica_crm.orders"]
    assert len(of_orders) > 5
    read = {name for node in tests for name in node["depends_on"]["nodes"]}
    assert "model.metrica_crm.orders" in read
    assert not {name for name in read if name.startswith("model.team.")}


def test_package_second_build_and_run_send_only_the_change(
    team: Warehouse, built: Outcome, running_emulator: RunningEmulator
) -> None:
    assert built.success, built.complaints
    running_emulator.reset()
    running_emulator.quotas(requests_per_second=1000)
    first = export(team, running_emulator)
    assert first.error is None
    assert {name: counts.sent for name, counts in first.entities.items()} == {
        "order_statuses": 2,
        "products": 0,
        "contacts": 2,
        "orders": 2,
    }
    again = team.dbt("build", "--exclude-resource-type", "unit_test")
    assert again.success, again.complaints
    second = export(team, running_emulator)
    assert {name: counts.sent for name, counts in second.entities.items() if counts.sent} == {
        "orders": 1
    }
    assert dict(running_emulator.sql("select id, order_status from orders")) == {
        "7": "fresh",
        "8": "closed",
    }


def test_package_status_map_may_be_a_model_of_the_parent(team: Warehouse, built: Outcome) -> None:
    assert built.success, built.complaints
    other = replace(team, output=team.output / "other")
    (team.project / "models/status_model.sql").write_text(
        "select * from {{ ref('team_statuses') }}", encoding="utf-8"
    )
    found = other.dbt("parse", order_status_map="status_model")
    assert (found.success, found.complaints) == (True, "")
    nodes = manifest(other)["nodes"]
    read = nodes["model.metrica_crm.int_order_status_map"]["depends_on"]["nodes"]
    assert "model.team.status_model" in read


def test_package_exposures_have_the_owner_and_url_of_the_parent(
    team: Warehouse, parsed: Outcome
) -> None:
    assert parsed.success, parsed.complaints
    exposures = manifest(team)["exposures"].values()
    found = {(each["owner"]["name"], each["owner"]["email"], each["url"]) for each in exposures}
    assert found == {("Sales analytics", "sales@example.com", "https://example.com/metrica")}


def test_package_project_that_init_wrote_builds_over_the_tables_of_a_crm(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    write_project(project, "generic", "duckdb")
    env = {"METRICA_DUCKDB_PATH": str(tmp_path / "warehouse.duckdb")}
    shop = Warehouse("duckdb", env, project, project, project)
    shop.run(
        "create schema raw_crm",
        """create table raw_crm.contacts as select 1 as id, 'Анна' as name,
        'anna@example.com' as email, null::text as phone, null::text as metrica_client_id,
        now() as created_at, now() as updated_at""",
        """create table raw_crm.orders as select 7 as id, 1 as contact_id, 'paid' as status,
        10.5 as amount, 'RUB' as currency, now() as created_at, now() as updated_at,
        null::timestamptz as finished_at""",
    )
    install_packages(shop)
    outcome = shop.dbt("build")
    assert (outcome.success, outcome.complaints) == (True, "")
    assert outcome.count("unit_test", *set(outcome.statuses.values())) == 0
    assert shop.rows("select id, client_uniq_id, order_status from metrica.orders") == [
        ("7", "1", "paid")
    ]
