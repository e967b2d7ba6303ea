"""Metrica's Reports API for one counter: sums over visits and the orders tied to them.

It only reads. Requests may have ClientIDs in their address, so no address is logged.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from metrica_export.errors import MetricaError, QuotaError
from metrica_export.metrica.access import Api
from metrica_export.metrica.http import BusyError, Transport

MAX_METRICS = 20
"""Metrics in one request (page "Reports API: getting data")."""

MAX_VALUES = 100
"""Values in one condition of a filter (page "Segmentation")."""

MAX_ROWS = 100_000
"""Rows in one answer (page "Reports API: getting data")."""

MAX_REQUESTS = 30
"""Requests of one command. Metrica allows 200 in 5 minutes to all programs of a user."""

_PATH = "/stat/v1/data"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a report: names by dimension, None if undefined, and values by metric."""

    names: tuple[str | None, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one request.

    `totals` are the sums over all rows. A sampled answer counts a `share` of the visits and
    multiplies. `is_hidden`: Metrica hid rows to protect visitors. `has_all_rows` is false if the
    answer lacks rows.
    """

    rows: list[Row]
    totals: tuple[float | None, ...]
    is_sampled: bool = False
    share: float | None = None
    is_hidden: bool = False
    has_all_rows: bool = True


class Reports:
    """The Reports API. Raises MetricaError, or QuotaError if its quota is used up."""

    def __init__(self, api: Api, budget: int = MAX_REQUESTS) -> None:
        """Take the API and the number of requests that are left; the first one connects."""
        self._api, self._budget = api, budget
        self._transport = Transport(api, budget)

    @property
    def requests(self) -> int:
        """The number of requests that were made, including retries."""
        return self._transport.requests

    @property
    def left(self) -> int:
        """The number of requests that are left."""
        return self._budget - self.requests

    def sums(
        self,
        metrics: tuple[str, ...],
        days: tuple[date, date],
        dimensions: tuple[str, ...] = (),
        filters: str = "",
    ) -> Report:
        """Return the sums over visits from the first to the last day, without sampling if possible.

        Raises BadRequestError for a metric or dimension that Metrica refuses.
        """
        params = {
            "ids": str(self._api.counter_id),
            "metrics": ",".join(metrics),
            "date1": days[0].isoformat(),
            "date2": days[1].isoformat(),
            "accuracy": "full",
            "limit": str(MAX_ROWS),
        }
        if dimensions:
            params["dimensions"] = ",".join(dimensions)
        if filters:
            params["filters"] = filters
        try:
            with _no_addresses_logged():
                body = self._transport.call("GET", _PATH, params=params)
        except (BusyError, QuotaError) as error:
            raise QuotaError(
                f"The quota of the Reports API is used up after {self.requests} requests of this "
                "command. Metrica allows 200 in 5 minutes, and 5,000 a day. Rerun in 5 minutes, "
                "or tomorrow."
            ) from error
        return _report(body, len(metrics), len(dimensions))


@contextmanager
def _no_addresses_logged() -> Iterator[None]:
    """Keep urllib3 silent, which writes the address of a request, and even at a usual level."""
    library = logging.getLogger("urllib3")
    level = library.level
    library.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        library.setLevel(level)


def _report(body: dict[str, Any], metrics: int, dimensions: int) -> Report:
    totals, data = body.get("totals"), body.get("data")
    if not isinstance(totals, list) or not isinstance(data, list) or len(totals) != metrics:
        raise _odd()
    rows = [_row(row, metrics, dimensions) for row in data]
    share = body.get("sample_share")
    listed = body.get("total_rows")
    return Report(
        rows=rows,
        totals=_values(totals),
        is_sampled=body.get("sampled") is not False,
        share=float(share) if isinstance(share, int | float) else None,
        is_hidden=body.get("contains_sensitive_data") is True,
        has_all_rows=not isinstance(listed, int) or listed <= len(rows),
    )


def _row(row: object, metrics: int, dimensions: int) -> Row:
    names = row.get("dimensions") if isinstance(row, dict) else None
    values = row.get("metrics") if isinstance(row, dict) else None
    if not isinstance(values, list) or len(values) != metrics:
        raise _odd()
    if not isinstance(names, list) or len(names) != dimensions:
        raise _odd()
    return Row(tuple(map(_name, names)), _values(values))


def _name(dimension: object) -> str | None:
    found = dimension.get("name") if isinstance(dimension, dict) else None
    return found if isinstance(found, str) else None


def _values(values: list[Any]) -> tuple[float | None, ...]:
    """Return numbers; None for null, which is a division by zero or an unknown value."""
    found: list[float | None] = []
    for value in values:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (is_number and abs(value) < _TOO_LARGE):
            raise _odd()
        found.append(None if value is None else float(value))
    return tuple(found)


_TOO_LARGE = 1e18


def _odd() -> MetricaError:
    return MetricaError(
        f"GET {_PATH}: Metrica's answer is no report with rows and totals. Check that --api-url is "
        "Metrica's API, and rerun."
    )
