"""The exit codes that the campaign expects of the exporter."""

from metrica_export.errors import GateError, LedgerError, MetricaError

FINISHED = (0, 1)
"""The run finished. Exit code 1 belongs to `--fail-on`."""

STOPPED_BY_GATE = GateError.exit_code

BUSY = LedgerError.exit_code
"""Another run, or a run that was just killed, holds the lock; or there is no ledger yet."""

RUN_EXIT_CODES = (*FINISHED, MetricaError.exit_code, STOPPED_BY_GATE)
"""Of a run that holds the lock and was not killed."""

MAINTENANCE_EXIT_CODES = (0, BUSY)
"""Of `retry` and `reset`."""
