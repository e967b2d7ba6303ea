"""Rules for the cells of a column by its kind, as conditions over `staged_<mart>` as `s`."""

from collections.abc import Iterator

from babel.core import get_global

from metrica_export.metrica.formats import (
    MAX_AMOUNT,
    MAX_HUMANIZED,
    MAX_ID,
    MAX_VALUES,
    STATUS_TYPES,
    Column,
    Kind,
)
from metrica_export.warehouse.sql import name, quote

_CURRENCIES = {
    code
    for used in get_global("territory_currencies").values()
    for code, _, until, is_tender in used
    if is_tender and until is None
}
"""ISO 4217 codes of money in use: CLDR also has withdrawn codes and codes that are no money."""


def conditions(column: Column) -> Iterator[tuple[str, str]]:
    """Yield reasons and SQL that is true for a bad cell; an empty optional cell is never bad."""
    cell = f"s.{name(column.name)}"
    text = f"nullif(cast({cell} as text), '')"
    if column.required:
        is_blank = "" if column.kind in _DATES else f" or cast({cell} as text) = ''"
        yield "value_missing", f"({cell} is null{is_blank})"
    if column.kind in _PATTERNS:
        yield _pattern(column, cell, text)
    elif column.kind in _DATES:
        type_ = _DATES[column.kind]
        # Compared as its own type: a date may be too large for a timestamp.
        inside = f"{cell} >= {type_} '1970-01-01' and {cell} < {type_} '10000-01-01'"
        yield "date_out_of_range", f"not ({inside})"
    elif column.kind is Kind.HUMANIZED:
        yield "humanized_too_long", f"length({cell}) > {MAX_HUMANIZED}"
    if column.kind is Kind.MONEY:
        yield "amount_too_large", f"abs(try_cast({cell} as double)) > {MAX_AMOUNT}"
    if column.kind in MAX_VALUES:
        most = MAX_VALUES[column.kind]
        many = f"len(string_split({text}, ',')) > {most}"
        yield "too_many_values", f"case when strlen({text}) > {2 * most} then {many} end"
    if column.kind in _LISTS:
        reason = "goal_ids_malformed" if column.kind is Kind.GOAL_IDS else "values_repeated"
        yield reason, is_repeated(column.kind, text)


def is_repeated(kind: Kind, text: str) -> str:
    """Return SQL that is true for a list with a repeated value, fast for one or two values."""
    values = f"string_split({text}, ',')"
    first, second, names = f"{values}[1]", f"{values}[2]", values
    if kind in {Kind.GOALS, Kind.PRODUCTS}:
        # A pair counts by its name, without the number behind the colon.
        first, second = (f"string_split({each}, ':')[1]" for each in (first, second))
        names = f"list_transform({values}, lambda one: string_split(one, ':')[1])"
    if kind is Kind.PRODUCTS:
        # Each product has a quantity, so every second part is a name.
        names = f"string_split(replace({text}, ',', ':'), ':')[1:-:2]"
    return (
        f"case when not contains({text}, ',') then false when len({values}) = 2 "
        f"then {first} = {second} else list_unique({names}) < len({values}) end"
    )


_DATES = {Kind.DATETIME: "timestamp", Kind.DATE: "date"}
_LISTS = {*MAX_VALUES, Kind.PRODUCTS, Kind.GOAL_IDS}


def _pattern(column: Column, cell: str, text: str) -> tuple[str, str]:
    reason, expression = _PATTERNS[column.kind]
    condition = f"not regexp_full_match({text}, {quote(expression)})"
    if column.kind in {Kind.MONEY, Kind.NUMBER}:
        # An exact numeric type is always well-formed, and the text check is slow.
        condition = f"typeof({cell}) not similar to '(DECIMAL|.*INT).*' and {condition}"
    if column.kind in _BOUNDED:
        condition += f" or length({text}) > {MAX_ID}"
    return reason, f"({condition})"


_BOUNDED = {Kind.ID, Kind.NAME, Kind.STATUS}
"""Kinds of at most MAX_ID characters. The limit is no part of the pattern: RE2 would compile
each repetition."""

_GOAL = r"[^\s,:;\"]+"

_EMAIL = r"[!-+\--?\[-~]+@[a-z0-9-]+(\.[a-z0-9-]+)+"
_NUMBER = r"-?\d+(\.\d+)?"

_PATTERNS = {
    # RE2 reads \p{C} as control, format and private characters, \p{Z} as all kinds of space.
    Kind.ID: ("id_malformed", r"[^\p{C}\p{Z}]([^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Z}])?"),
    Kind.NAME: ("name_malformed", r"[A-Za-z0-9_:-]+"),
    Kind.STATUS: ("name_malformed", r"[A-Za-z0-9_:-]+"),
    Kind.STATUS_TYPE: ("type_unknown", "|".join(STATUS_TYPES)),
    Kind.CLIENT_TYPE: ("client_type_unknown", "CONTACT"),
    Kind.MONEY: ("number_malformed", _NUMBER),
    Kind.NUMBER: ("number_malformed", _NUMBER),
    # RE2 matches an alternation in one pass.
    Kind.CURRENCY: ("currency_unknown", "|".join(sorted(_CURRENCIES))),
    Kind.CLIENT_IDS: ("client_ids_malformed", r"\d{1,20}(,\d{1,20})*"),
    Kind.EMAILS: ("emails_malformed", rf"{_EMAIL}(,{_EMAIL})*"),
    Kind.PHONES: ("phones_malformed", r"[1-9]\d{6,14}(,[1-9]\d{6,14})*"),
    Kind.MD5S: ("md5_malformed", r"[0-9a-f]{32}(,[0-9a-f]{32})*"),
    Kind.GOALS: (
        "goals_malformed",
        rf"{_GOAL}(:\d+(\.\d+)?)?(,{_GOAL}(:\d+(\.\d+)?)?)*",
    ),
    Kind.PRODUCTS: (
        "products_malformed",
        r"[A-Za-z0-9_-]+:[1-9]\d*(,[A-Za-z0-9_-]+:[1-9]\d*)*",
    ),
    Kind.GOAL_IDS: ("goal_ids_malformed", rf"{_GOAL}(,{_GOAL}){{0,9}}"),
}
