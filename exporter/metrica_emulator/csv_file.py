"""CSV files: the layout of their columns, and their rows, read into a stage."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Self

from metrica_emulator.cells import BadValue, Reader
from metrica_emulator.entities import IDENTIFIERS, SIMPLE_ORDERS
from metrica_emulator.readers import Readers
from metrica_emulator.refusal import bad_file, invalid
from metrica_emulator.stage import Stage, Values

Mapping = list[tuple[str, str]]
"""Pairs of attribute and header, from the parameter `columns_mapping`."""

_PAIR = r'"([^"]+)":"([^"]+)"'
_ALL = re.compile(rf"\s*{_PAIR}\s*(,\s*{_PAIR}\s*)*").fullmatch
_EACH = re.compile(_PAIR)


def parse_mapping(parameter: str) -> Mapping:
    """Return the pairs of `"attribute":"header",…`; raises Refusal."""
    if not _ALL(parameter):
        raise invalid('Expected "attribute":"header" pairs without braces.', "columns_mapping")
    return [(match[1], match[2]) for match in _EACH.finditer(parameter)]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """An uploaded file, with the delimiter and the mapping of its request."""

    file: BinaryIO
    delimiter: str
    mapping: Mapping

    def read(self, stage: Stage, readers: Readers) -> None:
        """Check every row and add it to the stage; raises Refusal for a file without a header."""
        text = io.TextIOWrapper(self.file, encoding="utf-8", newline="")
        rows = self._rows(text, stage)
        header = next((row for row in rows if row), None)
        if header is None and not stage.refused:
            raise bad_file("The file is empty: the first row must hold the column names.")
        layout = _Layout.of(header or [], self.mapping, readers)
        if not stage.refused:
            for problem in layout.problems:
                stage.refuse(problem)
        if stage.refused:
            stage.count = sum(1 for _ in rows)
        else:
            for row in rows:
                values, problems = layout.read(row)
                stage.add(values.get(readers.entity.key), values, problems)
            if not stage.count and not stage.problems():
                stage.refuse("file: no_rows")
        text.detach()

    def _rows(self, text: io.TextIOWrapper, stage: Stage) -> Iterator[list[str]]:
        try:
            yield from csv.reader(text, delimiter=self.delimiter, strict=True)
        except csv.Error:
            stage.refuse(f"row {stage.count + 1}: malformed_csv")
        except UnicodeDecodeError:
            stage.refuse(f"row {stage.count + 1} or later: not_utf8")


@dataclass(frozen=True, slots=True)
class _Layout:
    """The attribute in each cell of a row. Rows can be read only if `problems` is empty."""

    width: int
    cells: tuple[tuple[int, str, Reader], ...]
    required: frozenset[str]
    empty_is_null: bool
    readers: Readers
    problems: tuple[str, ...]

    @classmethod
    def of(cls, header: list[str], mapping: Mapping, readers: Readers) -> Self:
        """Match a header with the entity's attributes, through the mapping if there is one."""
        entity = readers.entity
        problems = [f"columns_mapping: {text}" for text in _mapping_problems(header, mapping)]
        attribute_of = {heading: attribute for attribute, heading in mapping}
        found: dict[str, tuple[int, str, Reader]] = {}
        for place, heading in enumerate(header):
            name = attribute_of.get(heading, heading)
            reader = readers.named(name)
            if reader is None:
                if readers.switches.unknown_column == "fail":
                    problems.append(f"header: column {place + 1}: unknown_column")
                continue
            if name in found:
                problems.append(f"header: {name}: column_twice")
            found[name] = (place, name, reader)
        required = frozenset(column.name for column in entity.columns if column.required)
        problems += [f"header: {name}: missing_column" for name in sorted(required - set(found))]
        if entity is SIMPLE_ORDERS and not any(name in found for name in IDENTIFIERS):
            problems.append("header: no_identifier")
        return cls(
            width=len(header),
            cells=tuple(found.values()),
            required=required,
            empty_is_null=readers.switches.empty_cell == "null",
            readers=readers,
            problems=tuple(problems),
        )

    def read(self, row: list[str]) -> tuple[Values, list[str]]:
        """Return the row's values by attribute, and its problems."""
        if len(row) != self.width:
            return {}, ["wrong_number_of_cells"]
        values: Values = {}
        problems: list[str] = []
        for place, name, reader in self.cells:
            if cell := row[place]:
                try:
                    values[name] = reader(cell)
                except BadValue as bad:
                    problems.append(self.readers.problem(name, bad, cell))
            elif name in self.required:
                problems.append(f"{name}: required")
            elif self.empty_is_null:
                values[name] = None
        if not problems and self.readers.lacks_identifier(values):
            problems.append("no_identifier")
        return values, problems


def _mapping_problems(header: list[str], mapping: Mapping) -> list[str]:
    problems = []
    attributes = [attribute for attribute, _ in mapping]
    headings = [heading for _, heading in mapping]
    for place, (attribute, heading) in enumerate(mapping, start=1):
        if heading not in header:
            problems.append(f"pair {place}: header_not_in_file")
        if attributes.count(attribute) > 1 or headings.count(heading) > 1:
            problems.append(f"pair {place}: mapped_twice")
    return problems
