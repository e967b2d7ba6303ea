"""Which reader each column of an entity has, under the switches in force."""

from functools import partial
from typing import Any

from exporter.emulator import cells
from exporter.emulator.catalogue import Attribute, Catalogue
from exporter.emulator.cells import BadValue, Reader
from exporter.emulator.columns import SIMPLE_ORDERS
from exporter.emulator.switches import Switches
from exporter.marts import Column, Entity, Kind

_ANY_YEAR = 1

_PLAIN: dict[Kind, Reader] = {
    Kind.ID: cells.identifier,
    Kind.TEXT: cells.text,
    Kind.CLIENT_TYPE: cells.client_type,
    Kind.DATETIME: cells.moment,
    Kind.DATE: cells.day,
    Kind.MONEY: cells.money,
    Kind.CURRENCY: cells.currency,
    Kind.GOALS: cells.goals,
    **{kind: cells.list_of(entry) for kind, entry in cells.ENTRIES.items()},
}

_CUSTOM: dict[str, Reader] = {
    "numeric": cells.money,
    "date": cells.day,
    "datetime": cells.moment,
    "email": cells.email,
    "text": cells.text,
    "product": cells.name,
}


def of_column(column: Column, entity: Entity, catalogue: Catalogue, switches: Switches) -> Reader:
    """Return the reader of a system column."""
    if column.kind is Kind.STATUS:
        return _status_reader(entity, catalogue, switches)
    if column.kind is Kind.PRODUCTS:
        return partial(cells.products, lenient=switches.lenient == "on")
    if column.name == "birth_date" and switches.birth_date_before_1970 == "accept":
        return partial(cells.day, oldest=_ANY_YEAR)
    if entity is SIMPLE_ORDERS and column.name == "create_date_time":
        return cells.moment_or_day
    return _PLAIN[column.kind]


def of_attribute(attribute: Attribute) -> Reader:
    """Return the reader of a custom attribute."""
    reader = _CUSTOM[attribute.type_name]
    return cells.list_of(reader) if attribute.multivalued else reader


def _status_reader(entity: Entity, catalogue: Catalogue, switches: Switches) -> Reader:
    def read(value: str) -> Any:  # noqa: ANN401 - a Reader
        if value == "CANCELED":
            if switches.lenient == "off":
                raise BadValue("canceled_is_spelt_cancelled")
            return "CANCELLED"
        if strict and catalogue.status(value, simple=simple) is None:
            raise BadValue("unknown_status")
        return cells.name(value)

    strict, simple = switches.unknown_status == "fail", entity is SIMPLE_ORDERS
    return read
