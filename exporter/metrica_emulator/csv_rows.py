"""A CSV file, read row by row into a stage."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from metrica_emulator.layout import Layout
from metrica_emulator.readers import Readers
from metrica_emulator.refusal import bad_file
from metrica_emulator.stage import Stage


@dataclass(frozen=True, slots=True)
class CsvFile:
    """An uploaded file and how its request says it is to be read."""

    file: BinaryIO
    delimiter: str
    mapping: list[tuple[str, str]]

    def read(self, stage: Stage, readers: Readers) -> None:
        """Check every row and put it on the stage.

        Raises Refusal when there is no header to read rows by.
        """
        encoding = "utf-8-sig" if readers.switches.lenient == "on" else "utf-8"
        text = io.TextIOWrapper(self.file, encoding=encoding, newline="")
        rows = self._rows(text, stage)
        header = next((row for row in rows if row), None)
        if header is None and not stage.refused:
            raise bad_file("The file is empty: the first row must hold the column names.")
        layout = Layout.of(header or [], self.mapping, readers)
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
