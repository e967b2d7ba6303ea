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


def test_wheel_carries_every_file_beside_the_modules() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for package, patterns in settings["tool"]["setuptools"]["package-data"].items():
        folder = ROOT / "exporter" / package
        carried = {path for pattern in patterns for path in folder.glob(pattern)}
        files = {path for path in folder.rglob("*") if path.is_file()}
        left = {path for path in files - carried if path.suffix not in {".py", ".pyc", ".md"}}
        assert left == set(), package
