"""The rows of one upload between reading and applying."""

import json
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

Values = dict[str, Any]

_BATCH = 1000
_REPORTED = 100
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an upload: its number, its key and its values by attribute."""

    number: int
    key: str | None
    values: Values


class Stage:
    """Rows on disk until the last one is checked, since a file may be larger than memory.

    One bad row makes the whole upload bad, unless the stage keeps good rows.
    """

    def __init__(self, *, keeps_good_rows: bool = False) -> None:
        # An empty name opens a private database, which SQLite spills to a temporary file.
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.execute("create table staged (number integer primary key, key, entry)")
        self._waiting: list[tuple[int, str | None, str]] = []
        self._unreported = 0
        self._problems: list[str] = []
        self._keeps_good_rows = keeps_good_rows
        self._bad_rows = 0
        self.refused = False
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, key: str | None, values: Values, problems: list[str]) -> None:
        """Add the next row, with its problems."""
        self.count += 1
        for problem in problems:
            self._note(f"row {self.count}: {problem}")
        self._bad_rows += bool(problems)
        if not problems and self.applies():
            self._waiting.append((self.count, key, _ENCODE(values)))
            if len(self._waiting) >= _BATCH:
                self._flush()

    def refuse(self, problem: str) -> None:
        """Add a problem of the whole upload, which then has no good rows."""
        self.refused = True
        self._note(problem)

    def reject(self, number: int, problem: str) -> None:
        """Add a problem of a staged row."""
        self._bad_rows += 1
        self._note(f"row {number}: {problem}")

    def applies(self) -> bool:
        """Return whether the staged rows may be applied."""
        if self.refused:
            return False
        return not self._bad_rows or (self._keeps_good_rows and self._bad_rows < self.count)

    def _note(self, problem: str) -> None:
        if len(self._problems) < _REPORTED:
            self._problems.append(problem)
        else:
            self._unreported += 1

    def problems(self) -> list[str]:
        """Return the problems of the upload and its rows, each with place and reason."""
        if self._unreported:
            return [*self._problems, f"and {self._unreported} more"]
        return list(self._problems)

    def refuse_keys(self, keys: frozenset[str]) -> None:
        """Reject the rows of these keys."""
        self._flush()
        query = "select number, key from staged where key is not null order by number"
        for number, key in self._database.execute(query).fetchall():
            if key in keys:
                self.reject(number, "refused_by_fault")
                self._database.execute("delete from staged where number = ?", (number,))

    def rows(self, seed: str) -> Iterator[Row]:
        """Yield the rows in file order; rows of one key in random order among themselves."""
        self._flush()
        shuffled = self._shuffled(random.Random(seed))  # noqa: S311 - not a secret
        query = "select number, key, entry from staged order by number"
        for number, key, entry in self._database.execute(query):
            if key in shuffled:
                other, entry_of_other = shuffled[key].pop()
                yield Row(other, key, json.loads(entry_of_other))
            else:
                yield Row(number, key, json.loads(entry))

    def _shuffled(self, dice: random.Random) -> dict[str, list[tuple[int, str]]]:
        groups: dict[str, list[tuple[int, str]]] = {}
        query = (
            "select key, number, entry from staged where key in"
            " (select key from staged group by key having count(*) > 1) order by number"
        )
        for key, number, entry in self._database.execute(query):
            groups.setdefault(key, []).append((number, entry))
        for group in groups.values():
            dice.shuffle(group)
        return groups

    def _flush(self) -> None:
        self._database.executemany("insert into staged values (?, ?, ?)", self._waiting)
        self._waiting.clear()
