"""The project's own settings: what is checked, and how strictly."""

import tomllib
from pathlib import Path

import pytest

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


def test_mypy_reads_only_rivals_and_orchestrators_as_untyped(mypy: dict[str, object]) -> None:
    overrides = mypy["overrides"]
    assert overrides == [
        {
            "module": ["dlt.*", "drt.*", "pandas", "psycopg", "pyarrow.*", "sqlalchemy"],
            "ignore_missing_imports": True,
        },
        {
            "module": ["airflow.*", "dagster.*", "dagster_dbt.*", "kubernetes_validate"],
            "ignore_missing_imports": True,
        },
        {
            "module": ["metrica_export.integrations.*", "tests.orchestrators.*"],
            "disallow_subclassing_any": False,
            "disallow_untyped_decorators": False,
        },
    ]
