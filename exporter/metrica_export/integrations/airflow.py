"""Airflow: an operator that runs the export, maps its exit code and pushes its result."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseHook, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from metrica_export.integrations.process import COMMAND, ExportProcess

RESULT = "result"
"""The XCom key of the object of `run --json`, which is pushed also after a failure."""


class MetricaExportOperator(BaseOperator):
    """Runs `metrica-export run` and fails as its exit code says.

    The exit codes 3, 4, 5 and 130 (warehouse, Metrica, lock, interrupted) leave the task to
    Airflow's retries. After 1, 2, 6 and 70 another attempt would not help, so the task fails at
    once: rejected rows, settings, the gate, a defect.

    `arguments` are further options of the command. `command` starts a `metrica-export` of another
    environment. `conn_id` names a connection whose password is the token; without it the worker's
    environment has METRICA_TOKEN.
    """

    template_fields: Sequence[str] = ("counter_id", "project_dir", "arguments")

    def __init__(  # noqa: PLR0913 - an operator takes its settings by name
        self,
        *,
        counter_id: int | str,
        project_dir: str,
        arguments: Sequence[str] = (),
        command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] | None = None,
        conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.counter_id = counter_id
        self.project_dir = project_dir
        self.arguments = arguments
        self.command = command
        self.environment = environment
        self.conn_id = conn_id
        self._process: ExportProcess | None = None

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Run the export; return the object of `run --json`."""
        environment = dict(self.environment or {})
        if self.conn_id is not None:
            # Airflow masks a connection's password in its logs.
            password = BaseHook.get_connection(self.conn_id).password
            if not password:
                raise AirflowFailException(
                    f"Connection {self.conn_id} has no password. Set it to the token of Metrica."
                )
            environment["METRICA_TOKEN"] = password
        own = ["--counter-id", str(self.counter_id), "--project-dir", self.project_dir]
        self._process = ExportProcess([*own, *self.arguments], self.command, environment)
        done = self._process.run(self.log.log)
        context["ti"].xcom_push(key=RESULT, value=done.result)
        if done.exit_code == 0:
            return done.result
        raise (AirflowException if done.is_retryable else AirflowFailException)(done.message)

    def on_kill(self) -> None:
        """End the run in order; `execute` then raises, because the run was interrupted."""
        if self._process is not None:
            self._process.signal()
