"""The charts of the report: their axes."""

import itertools
from datetime import date, timedelta

import pytest
from metrica_export.report.charts.by_time import axis_days

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize("days", [0, 1, 2, 3, 4, 5, 14, 15, 89, 90])
def test_axis_of_deliveries_has_few_days_at_equal_distances(days: int) -> None:
    first = TODAY - timedelta(days=days)
    found = axis_days(first, TODAY)
    assert found[-1] == TODAY
    assert found[0] >= first
    assert min(days + 1, 3) <= len(found) <= 4
    assert len({b - a for a, b in itertools.pairwise(found)}) <= 1
