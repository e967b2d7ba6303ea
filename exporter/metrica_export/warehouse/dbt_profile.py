"""The warehouse that dbt's profiles.yml names, read as dbt reads it, without starting dbt."""

import os
import re
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from metrica_export.errors import SettingsError
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.iceberg_profile import Iceberg, read_iceberg
from metrica_export.warehouse.yaml_file import load_mapping

PROJECT_FILE = "dbt_project.yml"
PROFILES_FILE = "profiles.yml"

_PASSED_THROUGH = ("sslmode", "sslcert", "sslkey", "sslrootcert", "connect_timeout", "role")


@dataclass(frozen=True, slots=True)
class Duckdb:
    """A warehouse in a DuckDB file."""

    target: str
    path: Path

    kind = "duckdb"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A warehouse on a PostgreSQL server; `options` has connection options of libpq."""

    target: str
    host: str
    port: int
    user: str
    dbname: str
    password: str = field(repr=False)
    options: tuple[tuple[str, str], ...] = ()
    role: str | None = None

    kind = "postgres"


Database = Duckdb | Postgres
"""A warehouse that can hold the ledger."""

Warehouse = Database | Iceberg


def read_warehouse(dbt: DbtSettings) -> Warehouse:
    """Return the output of profiles.yml that dbt would use.

    The search order and the defaults are dbt's. Folder: flag, DBT_PROFILES_DIR, working
    directory, ~/.dbt. Profile: flag, DBT_PROFILE, `profile:` of the project. Target: flag,
    DBT_TARGET, `target:` of the profile, `default`.
    Raises SettingsError with the file and the key.
    """
    project = read_project(dbt.project_dir)
    path = _profiles_file(dbt)
    own = _render(project.get("profile"), dbt.project_dir / PROJECT_FILE, "profile")
    name = dbt.profile or os.environ.get("DBT_PROFILE") or own
    profiles = load_mapping(path)
    profile = profiles.get(str(name))
    if not isinstance(profile, dict):
        names = ", ".join(sorted(str(k) for k in profiles if k != "config")) or "none"
        raise SettingsError(
            f"{path} has no profile {name!r} (it has: {names}). Set --profile to one of these, or "
            "add it."
        )
    target = (
        dbt.target
        or os.environ.get("DBT_TARGET")
        or _render(profile.get("target"), path, "target")
        or "default"
    )
    outputs = profile.get("outputs")
    # A YAML list or mapping cannot be a key.
    is_key = isinstance(target, Hashable)
    found = outputs.get(target) if is_key and isinstance(outputs, dict) else None
    if not isinstance(found, dict):
        names = ", ".join(sorted(map(str, outputs))) if isinstance(outputs, dict) else "none"
        raise SettingsError(
            f"{path}: profile {name!r} has no target {target!r} (it has: {names}). Set --target or "
            "--ledger to one of these, or add it."
        )
    output = {
        key: _render(value, path, f"{name}.outputs.{target}.{key}") for key, value in found.items()
    }
    return _warehouse(str(target), output, f"{path}: {name}.outputs.{target}")


def read_ledger(dbt: DbtSettings, warehouse: Warehouse) -> Database:
    """Return the database of the ledger: that of the setting `ledger`, or the marts' own.

    Raises SettingsError with the key.
    """
    if dbt.ledger is None:
        if isinstance(warehouse, Iceberg):
            raise SettingsError(
                f"Target {warehouse.target!r} is of type spark, which cannot hold the ledger. Set "
                "`ledger` in metrica.yml, --ledger or METRICA_LEDGER to a target of the same "
                "profile of type postgres or duckdb."
            )
        return warehouse
    found = read_warehouse(replace(dbt, target=dbt.ledger))
    if isinstance(found, Iceberg):
        raise SettingsError(
            f"The setting `ledger` names target {found.target!r} of type spark, which cannot hold "
            "the ledger. Name a target of type postgres or duckdb."
        )
    if isinstance(warehouse, Postgres) and found.target != warehouse.target:
        raise SettingsError(
            f"Marts in PostgreSQL (target {warehouse.target!r}) have their ledger in the same "
            f"database, but the setting `ledger` names target {found.target!r}. Remove it."
        )
    return found


def read_project(project_dir: Path) -> dict[str, Any]:
    """Return dbt_project.yml as a dictionary; SettingsError if it is missing."""
    return load_mapping(project_dir / PROJECT_FILE, "Set --project-dir to the dbt project")


def _profiles_file(dbt: DbtSettings) -> Path:
    given = dbt.profiles_dir or os.environ.get("DBT_PROFILES_DIR")
    places = [Path(given)] if given else [Path.cwd(), Path.home() / ".dbt"]
    for place in places:
        if (place / PROFILES_FILE).is_file():
            return place / PROFILES_FILE
    searched = ", ".join(str(place) for place in places)
    raise SettingsError(
        f"No {PROFILES_FILE} in {searched}. Set --profiles-dir to its folder, or write a new "
        "project with `metrica-export init`."
    )


class _Sandbox(SandboxedEnvironment):
    """Jinja without products and powers, which can fill the memory."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, *_: object) -> NoReturn:
        """Refuse the operation."""
        raise TemplateError


_TEMPLATE_ERRORS = (
    *(TemplateError, TypeError, ValueError, ArithmeticError),
    *(LookupError, AttributeError, RecursionError, MemoryError),
)
"""The errors of templates. An ExportError of `env_var` is none of them."""


def _render(value: object, path: Path, key: str) -> object:
    if isinstance(value, dict):
        return {each: _render(inner, path, f"{key}.{each}") for each, inner in value.items()}
    if not isinstance(value, str) or "{" not in value:
        return value

    def env_var(name: str, default: str | None = None) -> str:
        found = os.environ.get(name, default)
        if found is None:
            raise SettingsError(
                f"{path}: {key} needs the environment variable {name}. Set it and rerun."
            )
        return found

    environment = _Sandbox(undefined=StrictUndefined)
    environment.globals["env_var"] = env_var
    # dbt's filters set a type. Here every value is read as text, and `_warehouse` sets the type.
    environment.filters.update(dict.fromkeys(("as_number", "as_bool", "as_text", "as_native"), str))
    try:
        return environment.from_string(value).render()
    except _TEMPLATE_ERRORS as error:
        if isinstance(error, TemplateSyntaxError) and key.endswith(".password"):
            # As in dbt, braces in a password need not be a template.
            return value
        # The text of the error may have the secret that was being rendered.
        raise SettingsError(
            f"{path}: cannot render {key} ({type(error).__name__}). Correct the template."
        ) from None


def _warehouse(target: str, output: dict[str, Any], where: str) -> Warehouse:
    def need(*names: str) -> str:
        for name in names:
            if output.get(name) not in (None, ""):
                return _text(output[name], f"{where}.{name}")
        raise SettingsError(f"{where} has no {names[0]!r}. Add it.")

    kind = output.get("type")
    if kind == "duckdb":
        try:
            return Duckdb(target, Path(need("path")).expanduser())
        except RuntimeError:
            raise SettingsError(
                f"{where}.path begins with ~ and no user's home. Write the whole path."
            ) from None
    if kind == "postgres":
        try:
            port = int(output.get("port") or 5432)
        except (TypeError, ValueError, OverflowError):
            raise SettingsError(f"{where}.port is not a number. Correct it.") from None
        options = tuple(
            (name, _text(output[name], f"{where}.{name}"))
            for name in _PASSED_THROUGH
            if name != "role" and output.get(name) not in (None, "")
        )
        return Postgres(
            target=target,
            host=need("host"),
            port=port,
            user=need("user"),
            dbname=need("dbname", "database"),
            password=_text(output.get("password") or output.get("pass") or "", f"{where}.password"),
            options=options,
            role=_text(output["role"], f"{where}.role") if output.get("role") else None,
        )
    if kind == "spark":
        return read_iceberg(target, output, where)
    shown = kind if isinstance(kind, str | None) else "not a text"
    raise SettingsError(f"{where}.type is {shown!r}. Set it to duckdb, postgres or spark.")


def _text(value: object, where: str) -> str:
    if isinstance(value, dict | list | set | bytes):
        raise SettingsError(f"{where} is not a text. Put it in quotes.")
    try:
        found = str(value)
    except ValueError:
        # A number of thousands of digits.
        found = ""
    if _IMPOSSIBLE.search(found):
        raise SettingsError(f"{where} has a character that no setting can have. Remove it.")
    return found


_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")
