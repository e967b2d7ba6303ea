"""The parameters of a report."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from metrica_emulator.refusal import Refusal, invalid, missing
from metrica_emulator.report_metrics import MAX_METRICS, refused

DATE, CLIENT_ID = "ym:s:date", "ym:s:clientID"
SOURCE = re.compile(r"ym:s:(<attribution>|[A-Za-z_]+)TrafficSource")
_MAX_DIMENSIONS = 10
_MAX_CONDITIONS, _MAX_VALUES, _MAX_FILTER = 20, 100, 10_000
_MAX_ROWS = 100_000
_KNOWN = {
    *("ids", "id", "metrics", "dimensions", "date1", "date2", "filters", "accuracy"),
    *("proposed_accuracy", "limit", "offset", "sort", "lang", "currency", "include_undefined"),
    *("group", "top_keys", "pretty"),
}
_DAYS_AGO = {"today": 0, "yesterday": 1}
_CONDITION = re.compile(r"\s*(ym:s:\w+)\s*(==|!=|=\.|!\.|>=|<=|>|<)\s*(.+?)\s*", re.DOTALL)
_VALUE = re.compile(r"'((?:[^'\\]|\\.)*)'|([^\s,()']+)")
_COMPARISONS: dict[str, Callable[[str, list[str]], bool]] = {
    "==": lambda value, given: value == given[0],
    "!=": lambda value, given: value != given[0],
    "=.": lambda value, given: value in given,
    "!.": lambda value, given: value not in given,
    ">=": lambda value, given: value >= given[0],
    "<=": lambda value, given: value <= given[0],
    ">": lambda value, given: value > given[0],
    "<": lambda value, given: value < given[0],
}

Condition = Callable[[Mapping[str, str | None]], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """One report. `sort` are names, with `-` for descending order; `offset` begins with 1."""

    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    first: date
    last: date
    conditions: tuple[Condition, ...]
    sort: tuple[str, ...]
    limit: int
    offset: int
    is_full: bool
    currency: str
    with_undefined: bool


def read(given: Mapping[str, str], counter: int, today: date) -> Query:
    """Read the parameters; raises Refusal."""
    if unknown := sorted(given.keys() - _KNOWN):
        raise invalid(f"The emulator has no parameter {unknown[0]} of reports.", unknown[0])
    _check_counter(given, counter)
    if not given.get("metrics"):
        raise missing("metrics")
    metrics, dimensions = _names(given["metrics"]), _names(given.get("dimensions", ""))
    if len(metrics) > MAX_METRICS:
        raise refused("Too many metrics", 4015)
    if len(dimensions) > _MAX_DIMENSIONS:
        raise Refusal(400, "invalid_parameter", "There are too many dimensions.")
    if len({name.split(":")[1] for name in metrics + dimensions if name.count(":") > 1}) > 1:
        raise refused("Metrics and dimensions have different prefixes", 4011)
    for name in dimensions:
        if name not in (DATE, CLIENT_ID) and not SOURCE.fullmatch(name):
            raise refused(f"Incorrectly specified attribute {name}", 4001)
    first, last = _days(given.get("date1", "6daysAgo"), given.get("date2", "today"), today)
    return Query(
        metrics=metrics,
        dimensions=dimensions,
        first=first,
        last=last,
        conditions=_conditions(given.get("filters", "")),
        sort=_sort(given.get("sort"), metrics, dimensions),
        limit=_number(given.get("limit", "100"), "limit", _MAX_ROWS),
        offset=_number(given.get("offset", "1"), "offset", _MAX_ROWS),
        is_full=given.get("accuracy", "medium") in ("full", "1", "1.0"),
        currency=given.get("currency", "RUB"),
        with_undefined=given.get("include_undefined") == "true",
    )


def _check_counter(given: Mapping[str, str], counter: int) -> None:
    ids = given.get("ids") or given.get("id")
    if not ids:
        raise missing("ids")
    if ids.split(",") != [str(counter)]:
        raise Refusal(403, "access_denied", "The token has no access to this counter.")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _days(first: str, last: str, today: date) -> tuple[date, date]:
    days = [_day(text, today, name) for name, text in (("date1", first), ("date2", last))]
    if days[0] > days[1]:
        raise invalid("date1 is later than date2.", "date1")
    return days[0], days[1]


def _day(text: str, today: date, name: str) -> date:
    if text in _DAYS_AGO:
        return today - timedelta(days=_DAYS_AGO[text])
    if ago := re.fullmatch(r"(\d{1,4})daysAgo", text, re.ASCII):
        return today - timedelta(days=int(ago[1]))
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise invalid("Expected YYYY-MM-DD, today, yesterday or NdaysAgo.", name)


def _number(text: str, name: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise invalid(f"{name} must be between 1 and {most}.", name)
    return int(text)


def _sort(
    given: str | None, metrics: tuple[str, ...], dimensions: tuple[str, ...]
) -> tuple[str, ...]:
    names = _names(given) if given else (f"-{metrics[0]}",)
    for name in names:
        if name.removeprefix("-") not in metrics + dimensions:
            raise invalid("Sort by metrics and dimensions of the report only.", "sort")
    return names


def _conditions(text: str) -> tuple[Condition, ...]:
    if not text:
        return ()
    parts = re.split(r"\s+AND\s+", text)
    if len(text) > _MAX_FILTER or len(parts) > _MAX_CONDITIONS:
        raise Refusal(400, "filter_limits", "The filter is too long.")
    return tuple(map(_condition, parts))


def _condition(text: str) -> Condition:
    found = _CONDITION.fullmatch(text)
    if not found or found[1] not in (DATE, CLIENT_ID):
        # The dimensions of orders have no published names.
        raise refused("Incorrectly specified attribute in filters", 4001)
    name, operator, values = found[1], found[2], found[3]
    given = [quoted or bare for quoted, bare in _VALUE.findall(values)]
    is_list = operator in ("=.", "!.")
    if len(given) > _MAX_VALUES:
        raise Refusal(400, "filter_limits", "A condition has too many values.")
    if not given or is_list != (values.startswith("(") and values.endswith(")")):
        raise invalid("The filter cannot be read.", "filters")
    if not is_list and len(given) > 1:
        raise invalid("The filter cannot be read.", "filters")
    compare = _COMPARISONS[operator]

    def holds(row: Mapping[str, str | None]) -> bool:
        value = row[name]
        return value is not None and compare(value, given)

    return holds
