"""dbt build, then the delivery of the marts to Yandex Metrica, every night."""

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from metrica_export.integrations.airflow import MetricaExportOperator

# The commands of the environment in which metrica-crm-export is installed. It may be another one
# than Airflow's.
BIN = os.environ.get("METRICA_EXPORT_BIN", "/opt/metrica-export/bin")
PROJECT = os.environ.get("DBT_PROJECT_DIR", "/opt/crm/dbt_project")

with DAG(
    "metrica_export",
    schedule="15 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # One run at a time for a counter; a second one would end with exit code 5.
    max_active_runs=1,
):
    dbt_build = BashOperator(
        task_id="dbt_build",
        bash_command=(f"{BIN}/dbt build --project-dir {PROJECT} --exclude-resource-type unit_test"),
        append_env=True,
        # A failed test fails again.
        retries=0,
    )
    metrica_export = MetricaExportOperator(
        task_id="metrica_export",
        counter_id=os.environ.get("METRICA_COUNTER_ID", "12345678"),
        project_dir=PROJECT,
        command=[f"{BIN}/metrica-export"],
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
    dbt_build >> metrica_export
