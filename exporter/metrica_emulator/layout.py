"""Which cell of a CSV row holds which attribute."""

from dataclasses import dataclass
from typing import Self

from metrica_export.metrica.formats import CONTACTS, Entity

from metrica_emulator.cells import BadValue, Reader
from metrica_emulator.columns import IDENTIFIERS, SIMPLE_ORDERS
from metrica_emulator.readers import Readers
from metrica_emulator.stage import Values
from metrica_emulator.switches import Switches


@dataclass(frozen=True, slots=True)
class Layout:
    """How a row is read once the header is known.

    `problems` is what is wrong with the header; rows can be read only without any.
    """

    width: int
    cells: tuple[tuple[int, str, Reader], ...]
    required: frozenset[str]
    any_of: tuple[str, ...]
    empty_is_null: bool
    echoes: bool
    problems: tuple[str, ...]

    @classmethod
    def of(cls, header: list[str], mapping: list[tuple[str, str]], readers: Readers) -> Self:
        """Match a header with the entity's attributes, through the mapping if there is one."""
        switches, entity = readers.switches, readers.entity
        problems = [f"columns_mapping: {what}" for what in _mapping_problems(header, mapping)]
        named = {heading: attribute for attribute, heading in mapping}
        found: dict[str, tuple[int, str, Reader]] = {}
        for place, heading in enumerate(header):
            attribute = readers.named(named.get(heading, heading))
            if attribute is None:
                if switches.unknown_column == "fail":
                    problems.append(f"header: column {place + 1}: unknown_column")
                continue
            name, reader = attribute
            if name in found:
                problems.append(f"header: {name}: column_twice")
            found[name] = (place, name, reader)
        required = _required(entity, switches)
        problems += [f"header: {name}: missing_column" for name in sorted(required - set(found))]
        if entity is SIMPLE_ORDERS and not any(name in found for name in IDENTIFIERS):
            problems.append("header: no_identifier")
        return cls(
            width=len(header),
            cells=tuple(found.values()),
            required=required,
            any_of=one_needed(entity, switches),
            empty_is_null=switches.empty_cell == "null",
            echoes=switches.errors_echo_values == "on",
            problems=tuple(problems),
        )

    def read(self, row: list[str]) -> tuple[Values, list[str]]:
        """Return the row's values by attribute, and what is wrong with it."""
        if len(row) != self.width:
            return {}, ["wrong_number_of_cells"]
        values: Values = {}
        problems: list[str] = []
        for place, name, reader in self.cells:
            if cell := row[place]:
                try:
                    values[name] = reader(cell)
                except BadValue as bad:
                    problems.append(described(name, bad, cell if self.echoes else None))
            elif name in self.required:
                problems.append(f"{name}: required")
            elif self.empty_is_null:
                values[name] = None
        if self.any_of and not problems and not any(values.get(name) for name in self.any_of):
            problems.append("no_identifier")
        return values, problems


def described(name: str, bad: BadValue, value: object) -> str:
    """Return what is wrong with a value; with the value, unless that is None."""
    return f"{name}: {bad.reason}" + ("" if value is None else f": {value}")


def one_needed(entity: Entity, switches: Switches) -> tuple[str, ...]:
    """Return the attributes of which a row must have at least one."""
    simple = entity is SIMPLE_ORDERS and switches.simple_identifier == "row"
    contact = entity is CONTACTS and switches.contact_without_identifier == "fail"
    return IDENTIFIERS if simple or contact else ()


def _required(entity: Entity, switches: Switches) -> frozenset[str]:
    required = {column.name for column in entity.columns if column.required}
    if entity is SIMPLE_ORDERS and switches.missing_simple_id == "fail":
        required.add(entity.key)
    return frozenset(required)


def _mapping_problems(header: list[str], mapping: list[tuple[str, str]]) -> list[str]:
    problems = []
    attributes = [attribute for attribute, _ in mapping]
    headings = [heading for _, heading in mapping]
    for place, (attribute, heading) in enumerate(mapping, start=1):
        if heading not in header:
            problems.append(f"pair {place}: header_not_in_file")
        if attributes.count(attribute) > 1 or headings.count(heading) > 1:
            problems.append(f"pair {place}: mapped_twice")
    return problems
