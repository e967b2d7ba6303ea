"""Incremental marts, turned on as docs/how-to/build-incrementally.md says."""

from pathlib import Path

import yaml

from tests.dbt.warehouse import Warehouse

INCREMENTAL = ("contacts", "orders")
PAGE = Path(__file__).parents[2] / "docs/how-to/build-incrementally.md"


def make_incremental(
    warehouse: Warehouse, strategy: str = "delete+insert", *, intermediate: bool = True
) -> None:
    """Make the marts incremental, and the tables before them as the page says, unless told not."""
    path = warehouse.project / "dbt_project.yml"
    project = yaml.safe_load(path.read_text("utf-8"))
    models = project["models"]["metrica_crm"]
    models["marts"]["metrica"] = {
        mart: {"+materialized": "incremental", "+incremental_strategy": strategy}
        for mart in INCREMENTAL
    }
    if intermediate:
        described = yaml.safe_load(PAGE.read_text("utf-8").split("```yaml\n")[1].split("```")[0])
        models["intermediate"] |= described["models"]["metrica_crm"]["intermediate"]
    path.write_text(yaml.safe_dump(project), encoding="utf-8")
