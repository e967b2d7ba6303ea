"""The words of one language: texts of its catalogue, numbers, money and dates in CLDR's forms."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from math import isfinite
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_compact_decimal, format_decimal, format_percent

LANGUAGES = ("en", "ru")

Catalogue = dict[str, Any]

_LOCALES = {"en": "en_GB", "ru": "ru_RU"}
_HOURS_OF_TWO_DAYS = 48
_NEAR = 0.1
_ALMOST = 0.999
_LONGEST = 10**15
_POWER = "0.#E0"


def read_catalogue(language: str) -> Catalogue:
    """Return the texts of a language: nested tables whose leaves are texts."""
    text = files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True)
class Words:
    """Texts and formats of a language.

    A text may have fields. A table of plural forms is chosen by the field `n`.
    """

    language: str
    catalogue: Catalogue
    locale: Locale

    @classmethod
    def of(cls, language: str) -> "Words":
        """Return the words of a language of `LANGUAGES`."""
        return cls(language, read_catalogue(language), Locale.parse(_LOCALES[language]))

    def text(self, key: str, **fields: object) -> str:
        """Return the text of a dotted key, with numbers in the language's form.

        Raises KeyError if the catalogue lacks the key.
        """
        found: Any = self.catalogue
        for part in key.split("."):
            found = found[part]
        if isinstance(found, dict):
            n = fields["n"]
            assert isinstance(n, int)  # noqa: S101 - plural forms are of counts
            found = found.get(self.locale.plural_form(n), found["other"])
        shown = {name: self._shown(value) for name, value in fields.items()}
        return str(found).format(**shown)

    def has(self, key: str) -> bool:
        """Return whether the catalogue has a dotted key."""
        found: Any = self.catalogue
        for part in key.split("."):
            if not isinstance(found, dict) or part not in found:
                return False
            found = found[part]
        return True

    def _shown(self, value: object) -> str:
        if isinstance(value, int | Decimal):
            return self.number(value)
        return str(value)

    def number(self, value: float | Decimal) -> str:
        """Return a number with the language's separators and at most one decimal.

        A number with more than 15 digits is written as a power of ten, such as 1E300.
        """
        return str(format_decimal(value, _pattern(value, "#,##0.#"), self.locale))

    def short(self, value: float | Decimal) -> str:
        """Return a large number in a short form, such as 1.2M."""
        if _is_long(value):
            return self.number(value)
        return str(format_compact_decimal(value, locale=self.locale, fraction_digits=1))

    def percent(self, share: float) -> str:
        """Return a share from 0 to 1 as a percentage.

        A share near 0 or 1 has a decimal, and only a whole is 100 %.
        """
        is_near = share < _NEAR or 1 - _NEAR < share < 1
        pattern = f"{_POWER}%" if _is_long(share) else "0.#%" if is_near else "0%"
        if share < 1:
            share = min(share, _ALMOST)
        if self.language == "ru":
            pattern = pattern.replace("%", "\N{NO-BREAK SPACE}%")
        return str(format_percent(share, pattern, self.locale))

    def money(self, value: Decimal, currency: str | None) -> str:
        """Return an amount without cents, with the code of its currency."""
        amount = str(format_decimal(value, _pattern(value, "#,##0"), self.locale))
        return f"{amount}\N{NO-BREAK SPACE}{currency}" if currency else amount

    def hours(self, hours: float) -> str:
        """Return a duration in hours, or in days from two days on."""
        if hours < 1:
            return self.text("units.under_an_hour")
        if hours < _HOURS_OF_TWO_DAYS:
            return self.text("units.hours", value=self.number(round(hours, 1)))
        return self.text("units.days", value=self.number(round(hours / 24, 1)))

    def moment(self, moment: datetime) -> str:
        """Return a day and a time."""
        return str(format_datetime(moment, "d MMM y, HH:mm", locale=self.locale))

    def short_moment(self, moment: datetime) -> str:
        """Return a day without its year, and a time."""
        return str(format_datetime(moment, "d MMM, HH:mm", locale=self.locale))

    def day(self, day: date) -> str:
        """Return a day without its year."""
        return str(format_date(day, "d MMM", locale=self.locale))

    def month(self, month: date) -> str:
        """Return the name of a month and its year."""
        return str(format_date(month, "LLLL y", locale=self.locale))

    def short_month(self, month: date) -> str:
        """Return a month for an axis; January has its year on a second line, after a bar."""
        name = str(format_date(month, "LLL", locale=self.locale))[:3]
        return f"{name}|{month.year}" if month.month == 1 else name


def _pattern(value: float | Decimal, usual: str) -> str:
    return _POWER if _is_long(value) else usual


def _is_long(value: float | Decimal) -> bool:
    """Return whether a number has more digits than a table can show, and Babel can round."""
    return isfinite(value) and not -_LONGEST < value < _LONGEST
