"""Delivery of a CRM's dbt marts to Yandex Metrica's CRM import: only changed rows, provably.

The Python interface is in the names of `__all__`. They are imported on first use, because a run
needs libraries that take a second to load. The tables are of pyarrow.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrica_export.commands.result import RunResult
    from metrica_export.commands.run import run
    from metrica_export.commands.tables import (
        counts_table,
        explain_table,
        plan_table,
        rejects_table,
    )
    from metrica_export.errors import (
        ExportError,
        GateError,
        InterruptedRunError,
        LedgerError,
        MetricaError,
        QuotaError,
        SettingsError,
        UnexpectedError,
        WarehouseError,
    )
    from metrica_export.metrica.access import Api, read_api
    from metrica_export.settings import DbtSettings, FailOn, Form, Gate, Limits, Options, Staging

__all__ = [
    "Api",
    "DbtSettings",
    "ExportError",
    "FailOn",
    "Form",
    "Gate",
    "GateError",
    "InterruptedRunError",
    "LedgerError",
    "Limits",
    "MetricaError",
    "Options",
    "QuotaError",
    "RunResult",
    "SettingsError",
    "Staging",
    "UnexpectedError",
    "WarehouseError",
    "counts_table",
    "explain_table",
    "plan_table",
    "read_api",
    "rejects_table",
    "run",
]

_MODULES = {
    "Api": "metrica.access",
    "DbtSettings": "settings",
    "FailOn": "settings",
    "Form": "settings",
    "Gate": "settings",
    "Limits": "settings",
    "Options": "settings",
    "RunResult": "commands.result",
    "Staging": "settings",
    "counts_table": "commands.tables",
    "explain_table": "commands.tables",
    "plan_table": "commands.tables",
    "read_api": "metrica.access",
    "rejects_table": "commands.tables",
    "run": "commands.run",
}
"""The modules of the names; the errors are in `errors`."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class or a function
    """Import a name of the Python interface."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULES.get(name, 'errors')}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
