"""Incremental marts, turned on as docs/how-to/build-incrementally.md says."""

from pathlib import Path

import yaml

INCREMENTAL = ("contacts", "orders")
PAGE = Path(__file__).parents[2] / "docs/how-to/build-incrementally.md"


def make_incremental(
    project_dir: Path, strategy: str | None = "delete+insert", *, intermediate: bool = True
) -> None:
    """Make the marts incremental, and the tables before them as the page says, unless told not.

    Without a strategy, dbt takes the adapter's.
    """
    path = project_dir / "dbt_project.yml"
    project = yaml.safe_load(path.read_text("utf-8"))
    models = project["models"]["metrica_crm"]
    config = {"+materialized": "incremental"}
    config |= {"+incremental_strategy": strategy} if strategy else {}
    models["marts"]["metrica"] = dict.fromkeys(INCREMENTAL, config)
    if intermediate:
        described = yaml.safe_load(PAGE.read_text("utf-8").split("```yaml\n")[1].split("```")[0])
        models["intermediate"] |= described["models"]["metrica_crm"]["intermediate"]
    path.write_text(yaml.safe_dump(project), encoding="utf-8")
