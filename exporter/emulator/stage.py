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
    """What one row of the upload says: attribute values, by name, under a key."""

    number: int
    key: str | None
    values: Values


class Stage:
    """Rows kept aside on disk until the last one has been checked.

    A file may be larger than memory, and nothing of it counts when one row is bad.
    """

    def __init__(self) -> None:
        # An empty name is SQLite's private database, which spills to a temporary file.
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.execute("create table staged (number integer primary key, key, entry)")
        self._waiting: list[tuple[int, str | None, str]] = []
        self._unreported = 0
        self._problems: list[str] = []
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, key: str | None, values: Values, problems: list[str]) -> None:
        """Take the next row, with what is wrong with it."""
        self.count += 1
        for problem in problems:
            self.refuse(f"row {self.count}: {problem}")
        if not self._problems:
            self._waiting.append((self.count, key, _ENCODE(values)))
            if len(self._waiting) >= _BATCH:
                self._flush()

    def refuse(self, problem: str) -> None:
        """Note a problem; it must name places and reasons, and no values."""
        if len(self._problems) < _REPORTED:
            self._problems.append(problem)
        else:
            self._unreported += 1

    def problems(self) -> list[str]:
        """Return what is wrong with the upload: nothing, when it may be applied."""
        if self._unreported:
            return [*self._problems, f"and {self._unreported} more"]
        return list(self._problems)

    def refuse_keys(self, keys: frozenset[str]) -> None:
        """Declare the rows of these keys bad."""
        self._flush()
        query = "select number, key from staged where key is not null order by number"
        for number, key in self._database.execute(query):
            if key in keys:
                self.refuse(f"row {number}: refused_by_fault")

    def rows(self, seed: str) -> Iterator[Row]:
        """Yield the rows in file order, those that share a key shuffled among themselves."""
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
