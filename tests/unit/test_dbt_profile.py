"""profiles.yml is read as dbt reads it, and no message repeats a secret."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.flags import Flags, args_to_context
from dbt.config.runtime import load_profile
from dbt.flags import set_flags
from dbt_common.context import set_invocation_context
from metrica_export.errors import SettingsError
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.dbt_profile import Duckdb, Postgres, read_warehouse

SECRET = "s3cr'et \\ \"ж"

POSTGRES = """
crm:
  target: prod
  outputs:
    prod:
      type: postgres
      host: db.example.com
      port: 6543
      user: loader
      pass: plain
      dbname: crm
      schema: public
"""
DUCKDB = """
crm:
  outputs:
    default: {type: duckdb, path: one.duckdb}
    other: {type: duckdb, path: "{{ env_var('CRM_FILE', 'two.duckdb') }}"}
another:
  target: other
  outputs:
    other: {type: duckdb, path: three.duckdb}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project, away from the working directory and from the home folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "dbt_project.yml").write_text("name: crm\nprofile: crm\nversion: '1'\n")
    for place, variable in (("home", "HOME"), ("work", "PWD")):
        (tmp_path / place).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / place))
    monkeypatch.chdir(tmp_path / "work")
    return folder


def settings(project: Path, content: str, **flags: Any) -> DbtSettings:
    """Write profiles.yml beside the project, and return the settings that point at it."""
    (project / "profiles.yml").write_text(content)
    return DbtSettings(project, project, **flags)


def output(**cells: object) -> str:
    """Return a profile with one PostgreSQL target whose entries are these, None for absent."""
    entries = {
        "type": "postgres",
        "host": "db.example.com",
        "port": 5432,
        "user": "loader",
        "password": "plain",
        "dbname": "crm",
        "schema": "public",
    } | cells
    lines = [f"      {key}: {value}\n" for key, value in entries.items() if value is not None]
    return "crm:\n  target: prod\n  outputs:\n    prod:\n" + "".join(lines)


def as_dbt(dbt: DbtSettings) -> dict[str, Any]:
    """Return the credentials that dbt itself makes of the same settings."""
    words = {
        "--project-dir": dbt.project_dir,
        "--profiles-dir": dbt.profiles_dir,
        "--profile": dbt.profile,
        "--target": dbt.target,
    }
    given = [str(part) for flag, value in words.items() if value for part in (flag, value)]
    set_invocation_context(dict(os.environ))
    flags = Flags(args_to_context(["parse", *given]))
    set_flags(flags)  # type: ignore[no-untyped-call] # dbt does not say
    profile = load_profile(flags.PROJECT_DIR, flags.VARS, flags.PROFILE, flags.TARGET)
    return profile.credentials.to_dict() | {"target": profile.target_name}


def assert_as_dbt(dbt: DbtSettings) -> Duckdb | Postgres:
    """Read a warehouse, compare it with dbt's reading, and return it."""
    found, theirs = read_warehouse(dbt), as_dbt(dbt)
    assert found.target == theirs["target"]
    assert found.kind == {True: "postgres", False: "duckdb"}["host" in theirs]
    if isinstance(found, Duckdb):
        assert str(found.path) == theirs["path"]
        return found
    assert isinstance(found, Postgres)
    names = {"host": "host", "port": "port", "user": "user", "dbname": "database"}
    for ours, its in (names | {"password": "password", "role": "role"}).items():
        assert getattr(found, ours) == theirs[its], ours
    for option, value in found.options:
        assert value == str(theirs[option]), option
    return found


def path_as_dbt(dbt: DbtSettings) -> Path:
    """Read a DuckDB warehouse, compare it with dbt's reading, and return its path."""
    found = assert_as_dbt(dbt)
    assert isinstance(found, Duckdb)
    return found.path


def message(dbt: DbtSettings) -> str:
    """Return the message of a profile that cannot be read."""
    with pytest.raises(SettingsError) as caught:
        read_warehouse(dbt)
    assert caught.value.exit_code == 2
    told = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert SECRET not in told
    assert "s3cr" not in told
    return str(caught.value)


def test_dbt_profile_postgres_target_is_read_as_dbt_reads_it(project: Path) -> None:
    found = assert_as_dbt(settings(project, POSTGRES))
    assert found == Postgres("prod", "db.example.com", 6543, "loader", "crm", "plain")


@pytest.mark.parametrize(
    "content",
    [
        output(password="plain"),
        output(password=None, **{"pass": "plain"}),
        output(password="'{{ env_var(\"CRM_PASSWORD\") }}'"),
        output(password="'a-{{ env_var(\"CRM_PASSWORD\") }}-b'"),
        output(password=None, **{"pass": "'{{ env_var(\"CRM_PASSWORD\") }}'"}),
        output(password="'{{ env_var(\"DBT_ENV_SECRET_PASSWORD\") }}'"),
        output(password="'a{{b'"),
        output(password="'a{%b'"),
        output(password="'a{b}c'"),
        output(dbname=None, database="crm"),
        output(port="\"{{ env_var('CRM_PORT') | as_number }}\""),
        output(port="\"{{ env_var('CRM_NONE', '6000') | int }}\""),
        output(host="\"{{ env_var('CRM_NONE', 'fallback.example.com') }}\""),
        output(user="\"{{ env_var('CRM_NONE', '') or 'me' }}\""),
        output(role="writer"),
        output(sslmode="verify-full", sslrootcert="ca.pem", connect_timeout=30),
    ],
)
def test_entries_of_a_postgres_target_are_read_as_dbt_reads_them(
    project: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_PASSWORD", SECRET)
    monkeypatch.setenv("DBT_ENV_SECRET_PASSWORD", SECRET)
    monkeypatch.setenv("CRM_PORT", "6543")
    found = assert_as_dbt(settings(project, content))
    assert SECRET not in repr(found)
    assert "plain" not in repr(found)


@pytest.mark.parametrize(
    ("flags", "env", "path"),
    [
        ({}, {}, "one.duckdb"),
        ({"target": "other"}, {}, "two.duckdb"),
        ({"target": "other"}, {"CRM_FILE": "from_env.duckdb"}, "from_env.duckdb"),
        ({"target": "other"}, {"DBT_TARGET": "default"}, "two.duckdb"),
        ({}, {"DBT_TARGET": "other"}, "two.duckdb"),
        ({"profile": "another"}, {}, "three.duckdb"),
        ({"profile": "another"}, {"DBT_PROFILE": "crm"}, "three.duckdb"),
        ({}, {"DBT_PROFILE": "another"}, "three.duckdb"),
    ],
)
def test_dbt_profile_flag_stands_over_the_environment_and_that_over_the_file(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: dict[str, str],
    env: dict[str, str],
    path: str,
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert path_as_dbt(settings(project, DUCKDB, **flags)) == Path(path)


def test_names_of_profile_and_target_may_come_from_the_environment(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_PROFILE", "another")
    (project / "dbt_project.yml").write_text("name: crm\nprofile: \"{{ env_var('CRM_PROFILE') }}\"")
    content = DUCKDB.replace("target: other", "target: \"{{ env_var('CRM_TARGET', 'other') }}\"")
    assert path_as_dbt(settings(project, content)) == Path("three.duckdb")


@pytest.mark.parametrize("first", ["flag", "variable", "work", "home"])
def test_profiles_yml_is_looked_for_where_dbt_looks_for_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    places = {name: tmp_path / name for name in ("flag", "variable", "work")}
    places["home"] = tmp_path / "home" / ".dbt"
    order = list(places)
    for name in order[order.index(first) :]:
        places[name].mkdir(exist_ok=True)
        (places[name] / "profiles.yml").write_text(
            f"crm: {{outputs: {{default: {{type: duckdb, path: {name}.duckdb}}}}}}"
        )
    if first in {"flag", "variable"}:
        monkeypatch.setenv("DBT_PROFILES_DIR", str(places["variable"]))
    dbt = DbtSettings(project, places["flag"] if first == "flag" else None)
    assert path_as_dbt(dbt) == Path(f"{first}.duckdb")


def test_dbt_profile_example_profile_is_read_as_dbt_reads_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = Path(__file__).parents[2] / "profiles.example.yml"
    content = example.read_text(encoding="utf-8")
    for name, value in (("PGUSER", "me"), ("PGPASSWORD", SECRET), ("PGDATABASE", "crm")):
        monkeypatch.setenv(name, value)
    for target in ("duckdb", "postgres"):
        dbt = settings(project, content, profile="metrica_crm", target=target)
        assert assert_as_dbt(dbt).kind == target


def test_dbt_profile_variable_that_is_not_set_is_named_with_the_key_that_needs_it(
    project: Path,
) -> None:
    for key in ("host", "password", "port"):
        dbt = settings(project, output(**{key: "\"{{ env_var('CRM_NONE') }}\""}))
        told = message(dbt)
        assert "CRM_NONE" in told
        assert f"crm.outputs.prod.{key}" in told
        assert str(project / "profiles.yml") in told


def test_dbt_profile_missing_file_is_told_with_the_places_and_what_to_copy(
    project: Path, tmp_path: Path
) -> None:
    told = message(DbtSettings(project))
    assert str(tmp_path / "work") in told
    assert str(tmp_path / "home" / ".dbt") in told
    assert "metrica-export init" in told
    assert str(project) in message(DbtSettings(project, project))


def test_dbt_profile_folder_without_a_project_is_told_by_its_flag(tmp_path: Path) -> None:
    assert "--project-dir" in message(DbtSettings(tmp_path))


@pytest.mark.parametrize(
    ("content", "flags", "told"),
    [
        (DUCKDB, {"profile": "nope"}, "no profile 'nope' (it has: another, crm)"),
        (DUCKDB, {"target": "nope"}, "no target 'nope' (it has: default, other)"),
        (DUCKDB, {"profile": "crm", "target": "prod"}, "no target 'prod'"),
        ("2: {}\non: {}\nconfig: {}", {}, "no profile 'crm' (it has: 2, True)"),
        ("crm: {outputs: {2: {}, on: {}}}", {}, "no target 'default' (it has: 2, True)"),
        ("crm: {target: prod}", {}, "no target 'prod' (it has: none)"),
        ("crm: {outputs: [prod]}", {}, "no target 'default' (it has: none)"),
        ("crm: {target: [prod], outputs: {prod: {}}}", {}, "no target ['prod'] (it has: prod)"),
        ("crm: {target: {a: b}, outputs: {prod: {}}}", {}, "no target {'a': 'b'} (it has: prod)"),
        ("crm: {outputs: {default: {type: duckdb, path: ~nobody-here/x}}}", {}, "default.path"),
        ("crm: nothing", {}, "no profile 'crm' (it has: crm)"),
        (output(type="snowflake"), {}, "crm.outputs.prod.type is 'snowflake'"),
        (output(type=None), {}, "crm.outputs.prod.type is None"),
        (output(host=None), {}, "crm.outputs.prod has no 'host'"),
        (output(user="''"), {}, "crm.outputs.prod has no 'user'"),
        (output(dbname=None), {}, "crm.outputs.prod has no 'dbname'"),
        (output(port="many"), {}, "crm.outputs.prod.port is not a number"),
        (output(host="'{{ s3cret( }}'"), {}, "cannot render crm.outputs.prod.host"),
        (output(host="'{{ 1 + \"s3cret\" }}'"), {}, "cannot render crm.outputs.prod.host"),
        (output(host="'{{ var(\"x\") }}'"), {}, "cannot render crm.outputs.prod.host"),
        (output(password="'{{ s3cret }}'"), {}, "cannot render crm.outputs.prod.password"),
        ("crm: {outputs: {default: {type: duckdb}}}", {}, "has no 'path'"),
        ("- crm", {}, "not a YAML mapping"),
        ("", {}, "not a YAML mapping"),
        ("crm:\n  password: s3cret\n bad: [", {}, "not valid YAML at line 3"),
        ("crm:\n\tpassword: s3cret", {}, "not valid YAML at line 2"),
    ],
)
def test_dbt_profile_error_names_file_and_key(
    project: Path, content: str, flags: dict[str, str], told: str
) -> None:
    found = message(settings(project, content, **flags))
    assert told in found
    assert str(project / "profiles.yml") in found


def multiplied(first: str, item: str) -> str:
    """Return YAML in which each line repeats the one before nine times."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {item.format(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, 12)]
    return "\n".join(lines)


LAUGHS = multiplied("[x, x]", "[{}]")
MERGES = multiplied("{k: v}", "{{<<: [{}]}}")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (LAUGHS, "100000 values"),
        (LAUGHS + "\ncrm: {target: prod, outputs: {prod: {type: duckdb, path: *a11}}}", "values"),
        (MERGES, "100000 values"),
        ("crm: &crm {outputs: *crm}", "line 1 contains itself"),
        ("crm: &crm [*crm]", "line 1 contains itself"),
        ("crm: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        ("crm: " + "{a: " * 3000 + "}" * 3000, "nested too deeply"),
        ("crm: 2026-13-45", "invalid value"),
        ("crm: !!int many", "invalid value"),
        ("crm: !!python/object:os.system {}", "not valid YAML"),
        *(
            (output(host=f"'{{{{ {text} }}}}'"), "cannot render crm.outputs.prod.host")
            for text in (
                "1 / 0",
                "1 // 0",
                "1 % 0",
                "10.0 ** 400",
                "10 ** 10 ** 10",
                '"s3cret" * 10 ** 10',
                "range(1000000000) | list",
                "().__class__.__bases__",
                "[][1].s3cret",
                '{}["s3cret"].x',
                '"s3cret".nothing()',
                '"%d" % "s3cret"',
                "(" * 500 + "1" + ")" * 500,
            )
        ),
        (output(host="[s3cret]"), "crm.outputs.prod.host is not a text"),
        (output(password="{a: s3cret}"), "crm.outputs.prod.password is not a text"),
        (output(sslmode="[s3cret]"), "crm.outputs.prod.sslmode is not a text"),
        (output(role="[s3cret]"), "crm.outputs.prod.role is not a text"),
        (output(port=".inf"), "crm.outputs.prod.port is not a number"),
        (output(type="[s3cret]"), "crm.outputs.prod.type is 'not a text'"),
        (output(password='"s3cret\\0"'), "crm.outputs.prod.password has a character"),
        (output(user='"\\ud800"'), "crm.outputs.prod.user has a character"),
    ],
)
def test_profile_that_no_program_can_read_is_an_error_of_settings(
    project: Path, content: str, told: str
) -> None:
    begun = time.monotonic()
    found = message(settings(project, content))
    assert told in found
    assert str(project / "profiles.yml") in found
    assert "s3cret" not in found
    assert time.monotonic() - begun < 20


def test_dbt_profile_file_that_is_no_text_is_told(project: Path) -> None:
    dbt = settings(project, "")
    (project / "profiles.yml").write_bytes(b"\xff\xfe\x00s3cret")
    assert "Cannot read" in message(dbt)
