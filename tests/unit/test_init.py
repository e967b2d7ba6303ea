"""The command `init`: the files of a team's own project, and the link to the package."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from metrica_export.cli import settings_file
from metrica_export.cli.main import cli
from metrica_export.cli.starting import CRMS
from metrica_export.commands.init import write_project
from metrica_export.errors import SettingsError
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.dbt_package import LINK, PACKAGE, link_package
from metrica_export.warehouse.dbt_profile import read_warehouse

OF_PACKAGE = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text(encoding="utf-8"))


def project_of(folder: Path) -> dict[str, Any]:
    found = yaml.safe_load((folder / "dbt_project.yml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("crm", CRMS)
def test_init_vars_are_vars_of_the_package_also_those_in_comments(tmp_path: Path, crm: str) -> None:
    write_project(tmp_path, crm, "duckdb")
    found = project_of(tmp_path)["vars"]["metrica_crm"]
    assert found["crm"] == crm
    text = (tmp_path / "dbt_project.yml").read_text(encoding="utf-8")
    commented = re.findall(r"^    # (\w+): \S", text, re.MULTILINE)
    assert "default_calling_code" in commented
    assert {*found, *commented} - set(OF_PACKAGE["vars"]) == set()
    assert project_of(tmp_path)["require-dbt-version"] == OF_PACKAGE["require-dbt-version"]


def test_init_profile_reads_the_warehouse_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGUSER", "ivan")
    monkeypatch.setenv("PGPASSWORD", "made-up")
    monkeypatch.setenv("PGDATABASE", "shop")
    for kind in ("postgres", "duckdb"):
        folder = tmp_path / kind
        write_project(folder, "bitrix24", kind)
        assert read_warehouse(DbtSettings(folder, folder)).kind == kind


def test_init_generic_project_names_its_own_views_and_seed(tmp_path: Path) -> None:
    files = {str(file) for file in write_project(tmp_path, "generic", "postgres")}
    found = project_of(tmp_path)["vars"]["metrica_crm"]
    views = {f"models/crm/{name}.sql" for name in found["crm_tables"].values()}
    assert views | {f"seeds/{found['order_status_map']}.csv"} <= files
    sources = yaml.safe_load((tmp_path / "models/crm/_crm__sources.yml").read_text("utf-8"))
    assert [table["name"] for table in sources["sources"][0]["tables"]] == ["contacts", "orders"]


@pytest.mark.parametrize("crm", CRMS)
def test_init_settings_file_is_valid_also_without_its_comment_signs(
    tmp_path: Path, crm: str
) -> None:
    write_project(tmp_path, crm, "duckdb")
    file = tmp_path / "metrica.yml"
    assert settings_file.read(str(file)).settings == {"project_dir": str(tmp_path)}
    text, settings = re.subn(r"^# (?=\w+: )", "", file.read_text("utf-8"), flags=re.MULTILINE)
    assert settings == 3
    file.write_text(text, encoding="utf-8")
    assert settings_file.read(str(file)).settings == {
        "counter": "12345678",
        "project_dir": str(tmp_path),
        "late_orders": "hold",
        "lang": "ru",
    }


def test_init_overwrites_no_file_and_writes_none_then(tmp_path: Path) -> None:
    (tmp_path / "profiles.yml").write_text("of a team", encoding="utf-8")
    result = CliRunner().invoke(cli, ["init", str(tmp_path)], obj=None)
    assert isinstance(result.exception, SettingsError)
    assert result.exception.exit_code == 2
    assert "already has profiles.yml." in str(result.exception)
    assert [file.name for file in tmp_path.iterdir()] == ["profiles.yml"]
    assert (tmp_path / "profiles.yml").read_text(encoding="utf-8") == "of a team"


def test_init_writes_through_no_broken_link(tmp_path: Path) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    project.mkdir()
    (project / "profiles.yml").symlink_to(outside)
    result = CliRunner().invoke(cli, ["init", str(project)], obj=None)
    assert "already has profiles.yml." in str(result.exception)
    assert not outside.exists()


def test_init_prints_the_next_commands(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["init", "--warehouse", "duckdb", str(tmp_path / "shop")])
    assert result.exit_code == 0, result.output
    commands = [line.strip() for line in result.output.splitlines() if line.startswith("  ")]
    assert commands == ["dbt deps", "dbt build", "metrica-export plan"]


def test_dbt_package_replaces_the_link_of_another_environment(tmp_path: Path) -> None:
    write_project(tmp_path, "hubspot", "duckdb")
    assert (tmp_path / LINK).resolve() == PACKAGE.resolve()
    (tmp_path / LINK).unlink()
    (tmp_path / LINK).symlink_to(tmp_path / "gone")
    result = CliRunner().invoke(cli, ["link", str(tmp_path)])
    assert result.output == f"{PACKAGE}\n"
    assert (tmp_path / LINK / "dbt_project.yml").is_file()
    packages = yaml.safe_load((tmp_path / "packages.yml").read_text(encoding="utf-8"))
    assert packages == {"packages": [{"local": str(LINK)}]}
    # Git keeps the path of a machine out.
    assert f"{LINK.parts[0]}/" in (tmp_path / ".gitignore").read_text("utf-8").splitlines()


def test_dbt_package_leaves_a_folder_at_the_link_s_place(tmp_path: Path) -> None:
    (tmp_path / LINK).mkdir(parents=True)
    with pytest.raises(SettingsError, match="is not a link"):
        link_package(tmp_path)
