"""A target of type spark is read as Spark reads it: the catalog of its marts."""

import json
from pathlib import Path
from typing import Any

import pytest
from metrica_export.errors import SettingsError
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.dbt_profile import read_warehouse
from metrica_export.warehouse.iceberg_profile import Iceberg
from sqlalchemy import make_url

PREFIX = "spark.sql.catalog.lake"
SECRET = "s3cr'et \\ \"@:/%?#ж"
PARAMETERS = {
    "spark.sql.defaultCatalog": "lake",
    f"{PREFIX}.type": "jdbc",
    f"{PREFIX}.uri": "jdbc:postgresql://db.example.com:6543/catalog",
    f"{PREFIX}.jdbc.user": "spark@lake",
    f"{PREFIX}.jdbc.password": SECRET,
    f"{PREFIX}.warehouse": "file:///mnt/lake",
}


def read(folder: Path, **changed: Any) -> Iceberg:
    """Return the target with some parameters changed, None for absent."""
    named = {key.replace("__", "."): value for key, value in changed.items()}
    changes = {key if key.startswith("spark") else f"{PREFIX}.{key}": v for key, v in named.items()}
    parameters = {k: v for k, v in (PARAMETERS | changes).items() if v is not None}
    output = {"type": "spark", "method": "session", "server_side_parameters": parameters}
    profiles = {"crm": {"target": "spark", "outputs": {"spark": output}}}
    (folder / "profiles.yml").write_text(json.dumps(profiles))
    (folder / "dbt_project.yml").write_text("name: crm\nprofile: crm\n")
    found = read_warehouse(DbtSettings(folder, folder))
    assert isinstance(found, Iceberg)
    return found


def test_iceberg_profile_gives_the_catalog_with_any_password(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (found.target, found.kind, found.catalog) == ("spark", "spark", "lake")
    assert found.warehouse == "file:///mnt/lake"
    assert found.place == "db.example.com:6543/catalog, as 'spark@lake'"
    url = make_url(found.uri)
    assert (url.username, url.password) == ("spark@lake", SECRET)
    assert (url.host, url.port, url.database) == ("db.example.com", 6543, "catalog")
    assert SECRET not in repr(found)


def test_iceberg_profile_renders_templates_in_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_PASSWORD", SECRET)
    found = read(tmp_path, jdbc__password="{{ env_var('LAKE_PASSWORD') }}")
    assert make_url(found.uri).password == SECRET


def test_iceberg_profile_takes_login_and_ssl_from_the_address(tmp_path: Path) -> None:
    uri = "jdbc:postgresql://[::1]/catalog?user=other&password=p%26w&sslmode=require"
    url = make_url(read(tmp_path, uri=uri).uri)
    assert (url.username, url.password, url.host, url.port) == ("other", "p&w", "::1", 5432)
    assert dict(url.query) == {"sslmode": "require", "connect_timeout": "10"}


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"spark__sql__defaultCatalog": None}, "has no 'spark.sql.defaultCatalog'"),
        ({"uri": None}, f"has no '{PREFIX}.uri'"),
        ({"warehouse": None}, f"has no '{PREFIX}.warehouse'"),
        ({"type": "hive"}, "reads a JDBC catalog only"),
        ({"uri": "jdbc:mysql://db/catalog"}, "not the address of a PostgreSQL database"),
        ({"uri": "jdbc:postgresql://db:port/catalog"}, "no valid host and port"),
        ({"uri": "jdbc:postgresql://db/catalog?currentSchema=x"}, "the parameter currentSchema"),
    ],
)
def test_iceberg_profile_names_the_key_that_is_wrong(
    changed: dict[str, Any], text: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, **changed)
    assert text in str(caught.value)
    assert "profiles.yml: crm.outputs.spark.server_side_parameters" in str(caught.value)
    assert SECRET not in str(caught.value)
