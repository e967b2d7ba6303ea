"""The project's own settings: what is checked, and how strictly."""

import fnmatch
import os
import tomllib
from glob import glob
from pathlib import Path

import pytest
from metrica_export.warehouse.dbt_package import PACKAGE

ROOT = Path(__file__).parents[2]
TYPED = ("metrica_export", "metrica_emulator", "tests", "benchmarks")


@pytest.fixture(scope="module")
def mypy() -> dict[str, object]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, object] = settings["tool"]["mypy"]
    return found


def test_mypy_is_strict_over_every_folder_with_python(mypy: dict[str, object]) -> None:
    assert mypy["packages"] == list(TYPED)
    assert mypy["strict"] is True
    assert "exclude" not in mypy
    packages = [*ROOT.glob("*/__init__.py"), *ROOT.glob("exporter/*/__init__.py")]
    assert {path.parent.name for path in packages} == set(TYPED)


def test_mypy_reads_only_rivals_orchestrators_and_spark_as_untyped(mypy: dict[str, object]) -> None:
    overrides = mypy["overrides"]
    assert overrides == [
        {
            "module": ["dlt.*", "drt.*", "pandas", "psycopg", "pyarrow.*", "sqlalchemy"],
            "ignore_missing_imports": True,
        },
        {
            "module": [
                "airflow.*",
                "dagster.*",
                "dagster_dbt.*",
                "kubernetes_validate",
                "pyiceberg.*",
                "pyspark.*",
                "snowpark_connect_deps_iceberg",
            ],
            "ignore_missing_imports": True,
        },
        {
            "module": ["metrica_export.integrations.*", "tests.orchestrators.*"],
            "disallow_subclassing_any": False,
            "disallow_untyped_decorators": False,
        },
    ]


def test_wheel_carries_every_file_beside_the_modules() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = tomllib.loads(text)["tool"]["setuptools"]
    for package, patterns in settings["package-data"].items():
        folder = ROOT / "exporter" / package
        # As in setuptools, glob follows the link to the dbt project. Path.glob does not.
        carried = {
            path
            for pattern in patterns
            for path in glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207
        }
        files = {
            str(Path(base, name).relative_to(folder))
            for base, _, names in os.walk(folder, followlinks=True)
            for name in names
        }
        excluded = [
            path
            for pattern in settings["exclude-package-data"].get(package, ())
            for path in fnmatch.filter(files, pattern)
        ]
        left = {
            path
            for path in files.difference(carried, excluded)
            if not path.endswith((".py", ".pyc", ".md"))
        }
        assert left == set(), package


def test_wheel_carries_the_dbt_project_and_the_profile_example() -> None:
    package = ROOT / "exporter/metrica_export"
    assert (package / "dbt_project").resolve() == ROOT / "dbt_project"
    assert (package / "profiles.example.yml").resolve() == ROOT / "profiles.example.yml"
    assert PACKAGE.resolve() == ROOT / "dbt_project"
