"""The reader of each column of an upload, under the switches in force."""

from dataclasses import dataclass
from functools import partial

from metrica_export.metrica.formats import CONTACTS, ORDERS, Column, Entity, Kind

from metrica_emulator import cells
from metrica_emulator.catalogue import Attribute, Catalogue
from metrica_emulator.cells import BadValue, Reader
from metrica_emulator.entities import IDENTIFIERS, SIMPLE_ORDERS
from metrica_emulator.stage import Values
from metrica_emulator.switches import Switches

_PLAIN: dict[Kind, Reader] = {
    Kind.ID: cells.identifier,
    Kind.TEXT: cells.text,
    Kind.CLIENT_TYPE: cells.client_type,
    Kind.DATETIME: cells.moment,
    Kind.DATE: cells.day,
    Kind.MONEY: cells.amount,
    Kind.CURRENCY: cells.currency,
}

_CUSTOM: dict[str, Reader] = {
    "numeric": cells.money,
    "date": cells.day,
    "datetime": cells.moment,
    "email": cells.email,
    "text": cells.text,
    "product": cells.name,
}


@dataclass(frozen=True, slots=True)
class Readers:
    """The readers of one upload. `separator` stands between the values of a cell."""

    entity: Entity
    catalogue: Catalogue
    switches: Switches
    separator: str = ","

    def named(self, name: str) -> Reader | None:
        """Return the reader of the named attribute in CSV; None if there is none."""
        column = self.entity.column(name)
        hidden = self.entity is ORDERS and self.switches.orders_csv_currency == "unknown"
        if column and not (hidden and column.kind is Kind.CURRENCY):
            return self.of_column(column)
        attribute = self.catalogue.attributes.get(name)
        return self._of_attribute(attribute) if attribute else None

    def of_column(self, column: Column) -> Reader:
        """Return the reader of a system column."""
        if column.kind is Kind.STATUS:
            return self._status
        if column.kind is Kind.GOALS:
            return self._goals
        if column.kind is Kind.PRODUCTS:
            return partial(cells.products, separator=self.separator)
        if column.kind in cells.ENTRIES:
            most = cells.MOST[column.kind]
            return cells.list_of(cells.ENTRIES[column.kind], self.separator, most)
        if column.name == "create_date_time" and self.entity is SIMPLE_ORDERS:
            return cells.moment_or_day
        return _PLAIN[column.kind]

    def goal(self, goal: str) -> str:
        """Read one goal's id; raises BadValue."""
        if self.switches.unknown_goal == "fail" and goal not in self.catalogue.js_goals:
            raise BadValue("unknown_goal")
        return cells.goal_id(goal)

    def lacks_identifier(self, values: Values) -> bool:
        """Return whether a row lacks the identifier that it needs."""
        contact = self.entity is CONTACTS and self.switches.contact_without_identifier == "fail"
        needed = contact or self.entity is SIMPLE_ORDERS
        return needed and not any(values.get(name) for name in IDENTIFIERS)

    def problem(self, name: str, bad: BadValue, value: object) -> str:
        """Return the problem of an attribute's value; by a switch, with the value."""
        echo = f": {value}" if self.switches.errors_echo_values == "on" else ""
        return f"{name}: {bad.reason}{echo}"

    def _of_attribute(self, attribute: Attribute) -> Reader:
        reader = _CUSTOM[attribute.type_name]
        return cells.list_of(reader, self.separator) if attribute.multivalued else reader

    def _goals(self, value: str) -> dict[str, float | None]:
        goals = cells.at_most(cells.goals(value, self.separator), cells.MOST[Kind.GOALS])
        for goal in goals:
            self.goal(goal)
        return goals

    def _status(self, value: str) -> str:
        if value == "CANCELED":
            raise BadValue("canceled_is_spelt_cancelled")
        simple = self.entity is SIMPLE_ORDERS
        known = self.catalogue.status(value, simple=simple) is not None
        if not known and self.switches.unknown_status == "fail":
            raise BadValue("unknown_status")
        return cells.name(value)
