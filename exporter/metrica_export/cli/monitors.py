"""The monitors of a run on the command line: the metrics file and the webhook."""

from dataclasses import dataclass
from pathlib import Path

from metrica_export.cli.ending import warn
from metrica_export.commands.result import RunResult
from metrica_export.errors import InterruptedRunError
from metrica_export.monitoring import prometheus
from metrica_export.monitoring.webhook import Webhook, notify, read_webhook


@dataclass(frozen=True, slots=True)
class Monitors:
    """The places that hear of the end of a run. None of them changes its exit code."""

    metrics_file: Path | None
    webhook: Webhook | None

    @classmethod
    def read(cls, metrics_file: Path | None) -> "Monitors":
        """Return the monitors of the options and of the environment. Raises SettingsError."""
        if metrics_file is not None:
            prometheus.check_folder(metrics_file)
        return cls(metrics_file, read_webhook())

    def publish(self, result: RunResult) -> None:
        """Write the metrics and send the message; a problem becomes a line of the log."""
        try:
            if self.metrics_file is not None:
                try:
                    prometheus.write(result, self.metrics_file)
                except OSError as error:
                    warn(f"--metrics-file {self.metrics_file} was not written: {error.strerror}.")
            if self.webhook is not None and (problem := notify(self.webhook, result)):
                warn(problem)
        except InterruptedRunError:
            # The run is complete, so the signal only ends the wait.
            return
