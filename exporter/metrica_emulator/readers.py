"""Which reader each column of an upload has, under the switches in force."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from metrica_export.metrica.formats import DEFAULT_STATUSES, ORDERS, Column, Entity, Kind

from metrica_emulator import cells
from metrica_emulator.catalogue import Attribute, Catalogue
from metrica_emulator.cells import BadValue, Reader
from metrica_emulator.columns import SIMPLE_ORDERS
from metrica_emulator.switches import Switches

_ANY_YEAR = 1

_PLAIN: dict[Kind, Reader] = {
    Kind.ID: cells.identifier,
    Kind.TEXT: cells.text,
    Kind.CLIENT_TYPE: cells.client_type,
    Kind.DATETIME: cells.moment,
    Kind.DATE: cells.day,
    Kind.MONEY: cells.amount,
    Kind.CURRENCY: cells.currency,
    **cells.ENTRIES,
}

_CUSTOM: dict[str, Reader] = {
    "numeric": cells.money,
    "date": cells.day,
    "datetime": cells.moment,
    "email": cells.email,
    "text": cells.text,
    "product": cells.name,
}

_FOLDED: dict[Kind, Callable[[str], str]] = {
    Kind.CLIENT_TYPE: str.upper,
    Kind.CURRENCY: str.upper,
    Kind.MD5S: str.lower,
}
"""How values are written of which the documentation does not say whether case matters."""


@dataclass(frozen=True, slots=True)
class Readers:
    """The readers of one upload.

    `separator` stands between the values of a cell; `now` is the counter's wall clock.
    """

    entity: Entity
    catalogue: Catalogue
    switches: Switches
    now: str
    separator: str = ","

    @property
    def ignores_case(self) -> bool:
        """Say whether values and names count in any case."""
        return self.switches.case_sensitive == "off"

    def named(self, heading: str) -> tuple[str, Reader] | None:
        """Return the attribute that a CSV column of this name holds, and its reader."""
        name = self.known_name(heading)
        column = self.entity.column(name)
        hidden = self.entity is ORDERS and self.switches.orders_csv_currency == "unknown"
        if column and not (hidden and column.kind is Kind.CURRENCY):
            return name, self.of_column(column)
        forbidden = self.switches.simple_order_attributes == "unknown"
        if name not in self.catalogue.attributes or (self.entity is SIMPLE_ORDERS and forbidden):
            return None
        return name, self._of_attribute(self.catalogue.attributes[name])

    def known_name(self, name: str) -> str:
        """Return the attribute's own spelling, when case does not matter."""
        if not self.ignores_case:
            return name
        names = (*(column.name for column in self.entity.columns), *self.catalogue.attributes)
        return {known.lower(): known for known in reversed(names)}.get(name.lower(), name)

    def of_column(self, column: Column) -> Reader:
        """Return the reader of a system column."""
        if column.kind is Kind.STATUS:
            return self._status
        if column.kind is Kind.GOALS:
            return self._goals
        if column.kind is Kind.PRODUCTS:
            lenient = self.switches.lenient == "on"
            return partial(cells.products, lenient=lenient, separator=self.separator)
        if column.name == "create_date_time":
            return self._creation
        if column.name == "birth_date" and self.switches.birth_date_before_1970 == "accept":
            return partial(cells.day, oldest=_ANY_YEAR)
        reader = self._folding(column.kind)
        if column.kind in cells.ENTRIES:
            reader = cells.list_of(reader, self.separator, self._most(column.kind))
        return reader

    def _most(self, kind: Kind) -> int | None:
        return cells.MOST[kind] if self.switches.csv_lists == "as_json" else None

    def of_entry(self, kind: Kind) -> Reader:
        """Return the reader of one value of a list."""
        return self._folding(kind)

    def of_goal(self, goal: str) -> str:
        """Read one goal's id; raises BadValue."""
        if self.switches.unknown_goal == "fail" and goal not in self.catalogue.js_goals:
            raise BadValue("unknown_goal")
        return cells.goal_id(goal)

    def _folding(self, kind: Kind) -> Reader:
        reader, fold = _PLAIN[kind], _FOLDED.get(kind)
        return (lambda value: reader(fold(value))) if fold and self.ignores_case else reader

    def _of_attribute(self, attribute: Attribute) -> Reader:
        reader = _CUSTOM[attribute.type_name]
        return cells.list_of(reader, self.separator) if attribute.multivalued else reader

    def _creation(self, value: str) -> str:
        simple = self.entity is SIMPLE_ORDERS
        created = cells.moment_or_day(value) if simple else cells.moment(value)
        if created > self.now and self.switches.future_create_date == "fail":
            raise BadValue("in_the_future")
        return created

    def _goals(self, value: str) -> dict[str, float | None]:
        goals = cells.goals(value, self.separator)
        if most := self._most(Kind.GOALS):
            cells.at_most(goals, most)
        for goal in goals:
            self.of_goal(goal)
        return goals

    def _status(self, value: str) -> str:
        simple = self.entity is SIMPLE_ORDERS
        if value == "CANCELED":
            if self.switches.lenient == "off":
                raise BadValue("canceled_is_spelt_cancelled")
            return "CANCELLED"
        known = self.catalogue.status(value, simple=simple) is not None
        if not known and self.ignores_case and value.upper() in DEFAULT_STATUSES:
            return value.upper()
        if not known and self.switches.unknown_status == "fail":
            raise BadValue("unknown_status")
        return cells.name(value)
