"""Values of cells: the rules of each kind, and the stored form.

A reader takes the text of one cell and returns the value to store, or raises BadValue.
Stored dates are `yyyy-MM-dd` and `yyyy-MM-dd HH:mm:ss`. Lists keep their order and hold a
value once. Goals are a map to a price or None, products a map to a quantity.
"""

import re
from collections.abc import Callable, Sized
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from babel.core import get_global
from babel.numbers import get_territory_currencies
from metrica_export.metrica.formats import MAX_AMOUNT, MAX_ID, MAX_VALUES, Kind

Reader = Callable[[str], Any]

_NAME = re.compile(r"[A-Za-z0-9_:-]{1,255}").fullmatch
_MONEY = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?").fullmatch
_QUANTITY = re.compile(r"[1-9][0-9]{0,8}").fullmatch
_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+"
).fullmatch
_PHONE = re.compile(r"[1-9][0-9]{6,14}").fullmatch
_CLIENT_ID = re.compile(r"[0-9]{1,20}").fullmatch
_MD5 = re.compile(r"[0-9a-f]{32}").fullmatch
_ISO_DATE = r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"
_DOT_DATE = r"(?P<d>[0-9]{2})\.(?P<m>[0-9]{2})\.(?P<y>[0-9]{4}|[0-9]{2})"
_TIME = r" (?P<H>[0-9]{2}):(?P<M>[0-9]{2})(:(?P<S>[0-9]{2}))?"
_DATES = tuple(re.compile(form).fullmatch for form in (_ISO_DATE, _DOT_DATE))
_MOMENTS = tuple(re.compile(form + _TIME).fullmatch for form in (_ISO_DATE, _DOT_DATE))

_CURRENCIES = frozenset(
    currency
    for territory in get_global("territory_currencies")
    for currency in get_territory_currencies(territory)
)
"""Money of a territory today (CLDR), without withdrawn codes, metals, funds and tests."""

_EPOCH_YEAR = 1970
_SEARCHED_FROM = " 23:59:00"


class BadValue(ValueError):
    """A value breaks its column's rule; `reason` is a code without the value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def identifier(text: str) -> str:
    """Read an id: 1..255 printable characters."""
    if len(text) > MAX_ID:
        raise BadValue("too_long")
    if not text.isprintable():
        raise BadValue("not_printable")
    return text


def text(value: str) -> str:
    """Read any text."""
    return value


def client_type(value: str) -> str:
    """Read the client type, which is CONTACT."""
    if value != "CONTACT":
        raise BadValue("bad_client_type")
    return value


def name(value: str) -> str:
    """Read the id of a status, an attribute or a product."""
    if not _NAME(value):
        raise BadValue("bad_name")
    return value


@lru_cache(maxsize=65_536)
def moment(value: str) -> str:
    """Read a date with a time, in one of six forms."""
    match = _MOMENTS[0](value) or _MOMENTS[1](value)
    if not match:
        raise BadValue("bad_datetime")
    hour, minute, second = match["H"], match["M"], match["S"] or "00"
    if hour > "23" or minute > "59" or second > "59":
        raise BadValue("no_such_time")
    return f"{_day(match)} {hour}:{minute}:{second}"


def moment_or_day(value: str) -> str:
    """Read the creation of a simple order. A date without a time means 23:59."""
    if _DATES[0](value) or _DATES[1](value):
        return day(value) + _SEARCHED_FROM
    return moment(value)


@lru_cache(maxsize=65_536)
def day(value: str) -> str:
    """Read a date from 1970, in one of three forms."""
    match = _DATES[0](value) or _DATES[1](value)
    if not match:
        raise BadValue("bad_date")
    return _day(match)


def _day(match: re.Match[str]) -> str:
    year = int(match["y"])
    if len(match["y"]) == len("yy"):
        year += 1900 if year >= _EPOCH_YEAR % 100 else 2000
    try:
        read = date(year, int(match["m"]), int(match["d"]))
    except ValueError:
        raise BadValue("no_such_date") from None
    if year < _EPOCH_YEAR:
        raise BadValue("before_1970")
    return read.isoformat()


def money(value: str) -> float:
    """Read a decimal fraction with a dot."""
    if not _MONEY(value):
        raise BadValue("bad_number")
    return float(value)


def amount(value: str | float) -> float:
    """Read an order's revenue or cost."""
    read = money(value) if isinstance(value, str) else value
    if abs(read) > MAX_AMOUNT:
        raise BadValue("too_large")
    return read


def currency(value: str) -> str:
    """Read the ISO 4217 code of a currency in use."""
    if value not in _CURRENCIES:
        raise BadValue("bad_currency")
    return value


def client_id(value: str) -> str:
    """Read one ClientID."""
    if not _CLIENT_ID(value):
        raise BadValue("bad_client_id")
    return value


def email(value: str) -> str:
    """Read one e-mail: Latin, lower-case, with a domain."""
    if not _EMAIL(value):
        raise BadValue("bad_email")
    return value


def phone(value: str) -> str:
    """Read one phone: 7..15 digits with the country code first."""
    if not _PHONE(value):
        raise BadValue("bad_phone")
    return value


def md5(value: str) -> str:
    """Read one hash: 32 lower-case hexadecimal digits."""
    if not _MD5(value):
        raise BadValue("bad_md5")
    return value


def goal_id(value: str) -> str:
    """Read a JavaScript goal's id, without colons and commas."""
    if not value or value != value.strip() or ":" in value or "," in value:
        raise BadValue("bad_goal")
    return identifier(value)


def goals(value: str, separator: str = ",") -> dict[str, float | None]:
    """Read `goal[:price],goal[:price]`."""
    read: dict[str, float | None] = {}
    for entry in value.split(separator):
        goal, colon, price = entry.partition(":")
        if goal_id(goal) in read:
            raise BadValue("goal_twice")
        read[goal] = money(price) if colon else None
    return read


def products(value: str, separator: str = ",") -> dict[str, int]:
    """Read `product:quantity,product:quantity`. A product's id may hold colons."""
    read: dict[str, int] = {}
    for entry in value.split(separator):
        product, _, quantity = entry.rpartition(":")
        if not _QUANTITY(quantity):
            raise BadValue("bad_quantity")
        if not _NAME(product):
            raise BadValue("bad_product")
        if product in read:
            raise BadValue("product_twice")
        read[product] = int(quantity)
    return read


ENTRIES: dict[Kind, Reader] = {
    Kind.CLIENT_IDS: client_id,
    Kind.EMAILS: email,
    Kind.PHONES: phone,
    Kind.MD5S: md5,
}
"""The reader of one value of a list."""

MOST = MAX_VALUES
"""The greatest number of values in one list."""

Values = TypeVar("Values", bound=Sized)


def at_most(values: Values, most: int) -> Values:
    """Return the values; raises BadValue if there are too many."""
    if len(values) > most:
        raise BadValue("too_many")
    return values


def distinct(values: list[Any], most: int) -> list[Any]:
    """Return the values; raises BadValue if there are too many or one is repeated."""
    if len(set(values)) < len(values):
        raise BadValue("value_twice")
    return at_most(values, most)


def list_of(entry: Reader, separator: str = ",", most: int | None = None) -> Reader:
    """Return the reader of a list of entries, joined without spaces.

    With `most`, a list has at most that many values, each once.
    """

    def read(value: str) -> list[Any]:
        if separator not in value:
            return [entry(value)]
        values = list(map(entry, value.split(separator)))
        return list(dict.fromkeys(values)) if most is None else distinct(values, most)

    return read
