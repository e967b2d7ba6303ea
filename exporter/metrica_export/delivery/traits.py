"""Traits that bad rows have in common and accepted rows do not have."""

from dataclasses import dataclass

from metrica_export.checks.sendable import staged_cells
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql import name
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import CANDIDATES, EVIDENCE, SAMPLE

FEW = 3
"""Minimum number of bad rows with a common trait, and number of rows that a test sends alone."""

_SAMPLED = 20_000
"""Maximum number of candidates to read."""


@dataclass(frozen=True, slots=True)
class Trait:
    """A row has the trait if one of its `keys`, an SQL list over the cells, is among `values`.

    `bad` and `waiting` count rows with the trait. With `is_named`, Metrica's reason contains the
    column's name.
    """

    column: str
    keys: str
    values: list[str]
    bad: int
    waiting: int
    is_named: bool

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """The rank of a trait: the greatest explains most rows with the fewest values."""
        return self.is_named, self.bad, -len(self.values), self.waiting


def find_trait(wh: Attached, staged: StagedMart, wave: int, reasons: set[str]) -> Trait | None:
    """Return the trait that explains most bad rows and that candidates have too.

    `reasons` has the words of Metrica's reasons.
    """
    sampled = (
        f"select _row, _is_bad from {staged.of(EVIDENCE)} union all "
        f"(select _row, null from {CANDIDATES.name} order by hash(_row) limit {_SAMPLED})"
    )
    wh.run(f"create or replace table {SAMPLE.name} as {sampled}")
    cells = staged_cells(staged, wave, f"select _row from {SAMPLE.name}")
    wh.run(
        f"create or replace table {SAMPLE.name} as from {SAMPLE.name} join ({cells}) using (_row)"
    )
    found = [
        trait
        for column in staged.mart.columns
        for keys in _keys(name(column.name))
        for trait in _traits(wh, column.name, keys, is_named=column.name in reasons)
        if trait.waiting and trait.bad >= FEW
    ]
    # Of equal traits, `max` returns the first, which is of the simplest kind.
    return max(found, key=lambda trait: trait.rank, default=None)


def _keys(cell: str) -> tuple[str, ...]:
    """Return SQL lists: the value, the elements of a list, empty or filled, the form of a text."""
    text = f"coalesce({cell}, '')"
    form = text
    for letters, stands_for in (
        ("[0-9]+", "9"),
        ("[A-Z]+", "A"),
        ("[a-z]+", "a"),
        (r"\p{Cyrillic}+", "я"),
    ):
        form = f"regexp_replace({form}, '{letters}', '{stands_for}', 'g')"
    return (
        f"[{text}]",
        f"list_transform(string_split({text}, ','), lambda one: split_part(one, ':', 1))",
        f"[if({cell} is null, 'empty', 'filled')]",
        f"[{form}]",
    )


def _traits(wh: Attached, column: str, keys: str, *, is_named: bool) -> list[Trait]:
    """Return two traits: the key of most bad rows, and all keys of bad rows.

    Keys of accepted rows are excluded.
    """
    of_bad = {
        key: set(bad)
        for key, bad in wh.rows(render(__package__, "bad_keys", keys=keys, sample=SAMPLE.name))
    }
    found = []
    for values in ([*of_bad][:1], [*of_bad]):
        if values:
            (waiting,) = wh.row(
                f"select count(*) from {SAMPLE.name} "
                f"where _is_bad is null and list_has_any({keys}, ?)",
                [values],
            )
            bad = len(set().union(*(of_bad[value] for value in values)))
            found.append(Trait(column, keys, values, bad, waiting, is_named))
    return found
