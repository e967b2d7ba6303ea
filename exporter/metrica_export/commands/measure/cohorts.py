"""Cohorts: the months in which orders were created, in the counter's time zone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from metrica_export.errors import SettingsError
from metrica_export.metrica.formats import LINK_DAYS, UPDATE_DAYS

FIRST_DAY = date(2020, 10, 26)
"""The first day of CRM orders in reports (page "Orders from the CRM (metrics)")."""

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_DECEMBER = 12


@dataclass(frozen=True, slots=True, order=True)
class Cohort:
    """The orders that were created in the month of `first`, its first day."""

    first: date

    @property
    def end(self) -> date:
        """The first day of the next month."""
        year, month = self.first.year, self.first.month
        return date(year + month // _DECEMBER, month % _DECEMBER + 1, 1)

    @property
    def window(self) -> tuple[date, date]:
        """First and last day of the visits to which Metrica can have tied an order of the month.

        Metrica looks for visits of 21 days before an order, and the day after the month allows for
        visits that begin around midnight.
        """
        return max(self.first - timedelta(days=LINK_DAYS), FIRST_DAY), self.end

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @classmethod
    def parse(cls, text: str) -> "Cohort":
        """Read a month such as 2026-10; SettingsError for another text or an early month."""
        if not _MONTH.fullmatch(text):
            raise SettingsError(f"--cohort {text!r}: give a month such as 2026-10.")
        found = cls(date(int(text[:4]), int(text[5:]), 1)) if text[:4] != "0000" else None
        if found is None or found.end <= FIRST_DAY:
            raise SettingsError(
                f"--cohort {text}: Metrica ties CRM orders since {FIRST_DAY}. Give a later month."
            )
        return found


def changeable(today: date) -> list[Cohort]:
    """Return the months whose orders Metrica can still tie or update, oldest first."""
    first, last = (day.replace(day=1) for day in (today - timedelta(days=UPDATE_DAYS), today))
    found = [Cohort(first)]
    while found[-1].first < last:
        found.append(Cohort(found[-1].end))
    return found


def days_of_visits(cohorts: Sequence[Cohort], today: date) -> tuple[date, date]:
    """Return the first and the last day of the visits of all cohorts, until today."""
    first = min(cohort.window[0] for cohort in cohorts)
    last = max(cohort.window[1] for cohort in cohorts)
    return first, max(min(last, today), first)
