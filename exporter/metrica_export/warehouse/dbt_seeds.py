"""A check of the seeds' encoding: dbt's own error does not name the file."""

from metrica_export.errors import SettingsError
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.dbt_profile import read_project


def check_seeds(dbt: DbtSettings) -> int:
    """Return the number of seed files in the project; SettingsError if one is not UTF-8."""
    named = read_project(dbt.project_dir).get("seed-paths")
    folders = map(str, named) if isinstance(named, list) else ["seeds"]
    files = sorted(
        file for folder in folders for file in (dbt.project_dir / folder).glob("**/*.csv")
    )
    for file in files:
        content = file.read_bytes()
        try:
            content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise SettingsError(
                f"{file} is not UTF-8 (line {line}), so dbt cannot read it. Save it as UTF-8, in "
                "Excel as `CSV UTF-8`, and run `dbt build`."
            ) from None
    return len(files)
