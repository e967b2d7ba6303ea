"""Time zones by their names: a renamed zone is equal, another one is not."""

import pytest
from metrica_export.metrica.time_zones import same_zone


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Europe/Moscow", "Europe/Moscow"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Europe/Kyiv", "Europe/Kiev"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("UTC", "Etc/UTC"),
    ],
)
def test_same_zone_accepts_two_names_of_one_zone(ours: str, theirs: str) -> None:
    assert same_zone(ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Europe/Moscow", "Europe/Minsk"),
        ("Europe/Moscow", "Asia/Yekaterinburg"),
        ("Europe/Kyiv", "Europe/Bucharest"),
        ("Europe/Moscow", "Etc/GMT-3"),
        (None, "Europe/Moscow"),
        ("Europe/Nowhere", "Europe/Nowhere_Else"),
        ("Europe/Nowhere", "Europe"),
        ("../zones", "../zones.py"),
    ],
)
def test_same_zone_refuses_other_zones_and_unknown_names(ours: str | None, theirs: str) -> None:
    assert not same_zone(ours, theirs)
