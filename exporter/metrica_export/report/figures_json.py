"""The figures of the report as JSON: the page's numbers for Grafana, DataLens and others."""

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from metrica_export.report.contents import Report


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as values of JSON. Times have the offset of the counter's zone."""
    shown: dict[str, Any] = _plain(report, ZoneInfo(report.time_zone))
    for cohort, line in zip(report.cohorts, shown["cohorts"], strict=True):
        line |= {"rate": cohort.rate, "expected_rate": cohort.expected_rate}
    return shown


def _plain(value: Any, zone: ZoneInfo) -> Any:  # noqa: ANN401, PLR0911 - JSON of any type
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name), zone) for each in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(each, zone) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each, zone) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.replace(tzinfo=zone).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
