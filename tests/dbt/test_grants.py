"""Grants as docs/how-to/grant-roles.md has them, through builds that replace the tables."""

import re
from dataclasses import replace
from pathlib import Path

import yaml

from tests.dbt import crm
from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import MARTS
from tests.support.database import Database
from tests.support.postgres_fixture import RunningPostgres

PAGE = Path(__file__).parents[2] / "docs/how-to/grant-roles.md"
EXPORTER = "grants_exporter"
READ = (*(f"metrica.{mart}" for mart in MARTS), "metrica_work.mart_builds", "metrica_work.left_out")


def test_grants_of_the_exporter_survive_builds(
    warehouses: Warehouses, postgres: RunningPostgres
) -> None:
    page = re.sub(r"\bexporter\b", EXPORTER, PAGE.read_text("utf-8"))
    models, statements = re.findall(r"```(?:yaml|sql)\n(.*?)```", page, re.DOTALL)
    before_the_first_run = statements.partition("-- after the first run")[0]

    warehouse = warehouses.make("postgres")
    warehouse.run(*crm.SAMPLE)
    file = warehouse.project / "dbt_project.yml"
    project = yaml.safe_load(file.read_text("utf-8"))
    for folder, config in yaml.safe_load(models)["models"]["metrica_crm"].items():
        project["models"]["metrica_crm"][folder] |= config
    file.write_text(yaml.safe_dump(project), encoding="utf-8")

    dbt = Database(
        postgres.host, postgres.port, postgres.user, postgres.password, warehouse.env["PGDATABASE"]
    )
    postgres.administer(dbt, f"create role {EXPORTER} login password 'made-up'")
    try:
        warehouse.build_marts()
        postgres.administer(dbt, before_the_first_run)
        exporter = replace(dbt, user=EXPORTER, password="made-up")
        for build in (1, 2):
            with exporter.connect() as session, session.cursor() as cursor:
                for relation in READ:
                    cursor.execute(f"select count(*) from {relation}")
                cursor.execute("select count(*) from metrica_work.mart_builds")
                assert cursor.fetchone() == (build * len(MARTS),)
            warehouse.build_marts()
    finally:
        postgres.administer(dbt, f"drop owned by {EXPORTER} cascade", f"drop role {EXPORTER}")
