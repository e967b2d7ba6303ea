"""The times of uploads that Metrica lists."""

import pytest
from metrica_export.ledger.foreign_uploads import uploaded_at
from metrica_export.metrica.answer import Answer

WALL = "2026-11-01 10:00:00"
IN_MOSCOW = 1_793_516_400.0


def times(text: str, zone: str) -> list[float]:
    return uploaded_at(Answer("PASSED", "u1", uploaded_at=text), zone)


def test_time_without_a_zone_is_the_counters_or_moscows() -> None:
    assert times(WALL, "Europe/Moscow") == [IN_MOSCOW]
    assert times(WALL, "UTC") == [IN_MOSCOW, IN_MOSCOW + 3 * 3600]


@pytest.mark.parametrize("zone", ["Mars/Base", "Europe", "../zones", "", "x" * 300])
def test_time_in_an_unknown_zone_is_unknown(zone: str) -> None:
    assert times(WALL, zone) == []
    assert times(f"{WALL}+03:00", zone) == [IN_MOSCOW]


@pytest.mark.parametrize("text", ["", "yesterday"])
def test_time_that_cannot_be_read_is_unknown(text: str) -> None:
    assert times(text, "Europe/Moscow") == []
