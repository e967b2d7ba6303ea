"""Reports: sums over visits and the orders that are tied to them."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from metrica_emulator.linked import Link
from metrica_emulator.report_metrics import Metric, Metrics, Sums, refused
from metrica_emulator.report_query import CLIENT_ID, DATE, SOURCE, Query
from metrica_emulator.switches import Switches
from metrica_emulator.visits import SiteVisit

Row = tuple[tuple[str | None, ...], list[float | None]]

_SAMPLE = 10
"""A sampled report has one visit of so many."""


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that a report is made of: visits until now, links, and the counter's metrics."""

    visits: list[SiteVisit]
    links: list[Link]
    metrics: Metrics
    switches: Switches


def answer(query: Query, site: Site) -> dict[str, Any]:
    """Return the body of a report; raises Refusal."""
    metrics = _metrics(query, site)
    rows, total, sample = _rows(query, site, metrics)
    if not query.with_undefined:
        rows = [row for row in rows if not row[0] or row[0][0] is not None]
    rows = _sorted(rows, query)
    columns = list(zip(*(row[1] for row in rows), strict=True))
    return {
        "query": _echo(query, site),
        "data": [
            {"dimensions": [{"name": name} for name in names], "metrics": values}
            for names, values in rows[query.offset - 1 : query.offset - 1 + query.limit]
        ],
        "total_rows": len(rows),
        "total_rows_rounded": False,
        "contains_sensitive_data": False,
        "data_lag": 0,
        **sample,
        "totals": total,
        "min": [min((v for v in values if v is not None), default=None) for values in columns],
        "max": [max((v for v in values if v is not None), default=None) for values in columns],
    }


def by_time(query: Query, site: Site, group: str, top_keys: int) -> dict[str, Any]:
    """Return the body of a report by time: each metric is a list over the intervals."""
    metrics = _metrics(query, site)
    days = [query.first + timedelta(days=n) for n in range((query.last - query.first).days + 1)]
    starts = [next(those).isoformat() for _, those in groupby(days, key=_INTERVALS[group])]
    table: dict[tuple[str | None, ...], dict[str, list[float | None]]] = {}
    totals: list[list[float | None]] = []
    selected = _selected(query, site)
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        parts = [part for part in selected if start <= part.day and (end is None or part.day < end)]
        rows, total = _summed(query, parts, metrics, 1)
        totals.append(total)
        for names, values in rows:
            table.setdefault(names, {})[start] = values
    nothing: list[float | None] = [0.0] * len(metrics)
    lines = [
        (names, _turned([found.get(start, nothing) for start in starts]))
        for names, found in table.items()
    ]
    lines.sort(key=lambda line: -sum(value or 0.0 for value in line[1][0]))
    data = [
        {"dimensions": [{"name": name} for name in names], "metrics": values}
        for names, values in lines
    ]
    return {
        "query": _echo(query, site) | {"group": group},
        "data": data[:top_keys],
        "total_rows": len(data),
        "sampled": False,
        "totals": _turned(totals),
    }


_INTERVALS: dict[str, Callable[[date], object]] = {
    "day": lambda day: day,
    "week": lambda day: day.isocalendar()[:2],
    "month": lambda day: (day.year, day.month),
    "all": lambda _: None,
}
INTERVALS = tuple(_INTERVALS)


def _metrics(query: Query, site: Site) -> list[Metric]:
    has_orders = any("cdpOrders" in name for name in query.metrics)
    if has_orders and CLIENT_ID in query.dimensions and site.switches.clientid_with_orders != "ok":
        raise refused("Metrics and dimensions do not combine", 4011)
    return [site.metrics.named(name) for name in query.metrics]


def _rows(
    query: Query, site: Site, metrics: list[Metric]
) -> tuple[list[Row], list[float | None], dict[str, Any]]:
    selected = _selected(query, site)
    size = space = len(selected)
    mode = site.switches.report_sampled
    factor = 1
    if mode == "always" or (mode == "unless_full" and not query.is_full):
        selected = [part for part in selected if _is_in_sample(part.visit)]
        factor, size = _SAMPLE, len(selected)
    rows, total = _summed(query, selected, metrics, factor)
    if site.switches.report_zero_rows == "returned":
        rows = _with_zero_rows(rows, query)
    else:
        rows = [row for row in rows if any(row[1])]
    share = 1.0 if factor == 1 else 1 / factor
    sample = {"sampled": factor > 1, "sample_share": share, "sample_size": size}
    return rows, total, sample | {"sample_space": space}


@dataclass(frozen=True, slots=True)
class _Part:
    """A visit on its day, or by switch an order of the visit on the order's own day."""

    day: str
    visit: SiteVisit
    links: list[Link]
    is_visit: bool = True

    def values(self) -> dict[str, str | None]:
        return {DATE: self.day, CLIENT_ID: self.visit.client_id}


def _selected(query: Query, site: Site) -> list[_Part]:
    """Return the parts of the report's days that meet its conditions."""
    of_visit: dict[str, list[Link]] = {}
    for link in site.links:
        if link.visit_id is not None:
            of_visit.setdefault(link.visit_id, []).append(link)
    by_creation = site.switches.report_order_day == "creation"
    parts = []
    for visit in site.visits:
        links = of_visit.get(visit.visit_id, [])
        parts.append(_Part(visit.started_at[:10], visit, [] if by_creation else links))
        if by_creation:
            created = ((str(link.state["create_date_time"])[:10], link) for link in links)
            parts += [_Part(day, visit, [link], is_visit=False) for day, link in created]
    first, last = query.first.isoformat(), query.last.isoformat()
    return [
        part
        for part in parts
        if first <= part.day <= last and all(holds(part.values()) for holds in query.conditions)
    ]


def _summed(
    query: Query, parts: list[_Part], metrics: list[Metric], factor: int
) -> tuple[list[Row], list[float | None]]:
    groups: dict[tuple[str | None, ...], Sums] = {}
    total = Sums()
    for part in parts:
        values = part.values()
        names = tuple(values.get(name, "Direct traffic") for name in query.dimensions)
        for sums in (groups.setdefault(names, Sums()), total):
            if part.is_visit:
                sums.add_visit(part.visit)
            for link in part.links:
                sums.add_order(link, part.visit)
    rows = [(names, _figures(query, sums, metrics, factor)) for names, sums in groups.items()]
    return rows, _figures(query, total, metrics, factor)


def _figures(query: Query, sums: Sums, metrics: list[Metric], factor: int) -> list[float | None]:
    figures = []
    for name, metric in zip(query.metrics, metrics, strict=True):
        value = metric(sums)
        is_sum = "Conversion" not in name and "Average" not in name
        figures.append(value * factor if is_sum and value is not None else value)
    return figures


def _is_in_sample(visit: SiteVisit) -> bool:
    return zlib.crc32(visit.visit_id.encode()) % _SAMPLE == 0


def _with_zero_rows(rows: list[Row], query: Query) -> list[Row]:
    wanted: list[tuple[str | None, ...]] = [()] if not query.dimensions else []
    if query.dimensions == (DATE,):
        days = range((query.last - query.first).days + 1)
        wanted = [((query.first + timedelta(days=n)).isoformat(),) for n in days]
    there = {names for names, _ in rows}
    zeros: list[float | None] = [0.0] * len(query.metrics)
    return rows + [(names, zeros) for names in wanted if names not in there]


def _sorted(rows: list[Row], query: Query) -> list[Row]:
    for name in reversed(query.sort):
        bare = name.removeprefix("-")
        if bare in query.metrics:
            place = query.metrics.index(bare)
            rows = sorted(rows, key=lambda row: row[1][place] or 0.0, reverse=name != bare)
        else:
            place = query.dimensions.index(bare)
            rows = sorted(rows, key=lambda row: row[0][place] or "", reverse=name != bare)
    return rows


def _turned(rows: list[list[float | None]]) -> list[list[float | None]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _echo(query: Query, site: Site) -> dict[str, Any]:
    has_source = any(SOURCE.fullmatch(name) for name in query.dimensions)
    return {
        "metrics": list(query.metrics),
        "dimensions": list(query.dimensions),
        "sort": list(query.sort),
        "date1": query.first.isoformat(),
        "date2": query.last.isoformat(),
        "limit": query.limit,
        "offset": query.offset,
        "currency": site.metrics.currency,
        "offline_window": "21",
        **({"attribution": "CROSS_DEVICE_LAST_SIGNIFICANT"} if has_source else {}),
    }


def day_of(local: str) -> date:
    """Return the day of a local time."""
    return date.fromisoformat(local[:10])
