"""Traits that guilty rows have in common and passed rows do not have."""

from dataclasses import dataclass

from metrica_export.checks.sendable import staged_cells
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql import name
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import CANDIDATES, EVIDENCE, SAMPLE

FEW = 3
"""Guilty rows that must share a trait, and rows that are sent alone to test something."""

_SAMPLED = 20_000
"""Candidates that are read."""


@dataclass(frozen=True, slots=True)
class Trait:
    """A row has the trait if one of its `keys`, an SQL list over the cells, is among `values`.

    `guilty` and `waiting` count rows with the trait; `is_named` says whether Metrica's reason
    contains the column's name.
    """

    column: str
    keys: str
    values: list[str]
    guilty: int
    waiting: int
    is_named: bool

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Return the order of traits: the greatest explains most rows with the fewest values."""
        return self.is_named, self.guilty, -len(self.values), self.waiting


def find_trait(wh: Attached, staged: StagedMart, wave: int, reasons: set[str]) -> Trait | None:
    """Return the trait that explains most guilty rows and that candidates have too.

    `reasons` are the words of Metrica's reasons.
    """
    sampled = (
        f"select _row, _is_guilty from {staged.of(EVIDENCE)} union all "
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
        if trait.waiting and trait.guilty >= FEW
    ]
    # The first of equal ones, which is the simplest kind of trait.
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
    """Return the key that most guilty rows have and no passed row, and all such keys together."""
    of_guilty = {
        key: set(guilty)
        for key, guilty in wh.rows(
            render(__package__, "guilty_keys", keys=keys, sample=SAMPLE.name)
        )
    }
    found = []
    for values in ([*of_guilty][:1], [*of_guilty]):
        if values:
            (waiting,) = wh.row(
                f"select count(*) from {SAMPLE.name} "
                f"where _is_guilty is null and list_has_any({keys}, ?)",
                [values],
            )
            guilty = len(set().union(*(of_guilty[value] for value in values)))
            found.append(Trait(column, keys, values, guilty, waiting, is_named))
    return found
