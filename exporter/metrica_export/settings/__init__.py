"""The settings of one command, as frozen objects."""

from metrica_export.settings.gate import (
    BECOME_PERCENT,
    GATE,
    SHARE_FROM,
    WIDEN_PERCENT,
    FailOn,
    Gate,
)
from metrica_export.settings.options import (
    DAILY_QUOTA,
    MIN_FILE_BYTES,
    MIN_MEMORY_MB,
    DbtSettings,
    Form,
    Limits,
    Options,
    Staging,
)

__all__ = [
    "BECOME_PERCENT",
    "DAILY_QUOTA",
    "GATE",
    "MIN_FILE_BYTES",
    "MIN_MEMORY_MB",
    "SHARE_FROM",
    "WIDEN_PERCENT",
    "DbtSettings",
    "FailOn",
    "Form",
    "Gate",
    "Limits",
    "Options",
    "Staging",
]
