"""dbt's models, the delivery of their marts to Yandex Metrica, and a schedule of both."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import (
    AssetExecutionContext,
    Backoff,
    Definitions,
    RetryPolicy,
    ScheduleDefinition,
    define_asset_job,
)
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets
from metrica_export.integrations.dagster import MetricaExport, metrica_assets

# Absolute: dbt keeps the path in its cache, and Dagster works in another folder.
PROJECT = DbtProject(
    Path(os.environ["DBT_PROJECT_DIR"]).resolve(),
    profiles_dir=Path(os.environ["DBT_PROFILES_DIR"]).resolve(),
)
PROJECT.prepare_if_dev()


@dbt_assets(manifest=PROJECT.manifest_path, project=PROJECT)
def crm_marts(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Build and test the models in a process of their own, which leaves a DuckDB file free."""
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    yield from dbt.cli(arguments, context=context).stream()


metrica = metrica_assets(
    PROJECT.manifest_path,
    retry_policy=RetryPolicy(max_retries=3, delay=300, backoff=Backoff.EXPONENTIAL),
)
nightly = define_asset_job("nightly", [crm_marts, metrica])

defs = Definitions(
    assets=[crm_marts, metrica],
    jobs=[nightly],
    schedules=[ScheduleDefinition(job=nightly, cron_schedule="15 3 * * *")],
    resources={
        # The dbt of this environment, also if the service's PATH does not have it.
        "dbt": DbtCliResource(
            project_dir=PROJECT, dbt_executable=str(Path(sys.executable).with_name("dbt"))
        ),
        "metrica_export": MetricaExport(
            project_dir=str(PROJECT.project_dir),
            counter_id=int(os.environ["METRICA_COUNTER_ID"]),
        ),
    },
)
