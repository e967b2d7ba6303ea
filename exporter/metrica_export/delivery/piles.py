"""Piles: rows of refused files, which are sent apart from their neighbours."""

from dataclasses import replace

from metrica_export.checks.reasons import HELD
from metrica_export.checks.sendable import in_pile
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.checks.verdicts import Verdict, add_problems
from metrica_export.delivery.chunks import Chunk, cut
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import PILE_CHANGES, PILES, tables_of

FIRST_PILE = 1_000
"""The first pile of a search. Lower numbers are for rows that an earlier run held."""


def plan_chunks(wh: Attached, staged: StagedMart) -> list[Chunk]:
    """Return the chunks of the first wave. Rows of files refused by the last run are sent last.

    Fills `piles` with these rows, one pile for each suspected column. Rows that are too large
    for any chunk are held.
    """
    if not staged.rows:
        return []
    chunks, too_large = cut(wh, staged)
    wh.run(render(__package__, "piles", **tables_of(staged.name)))
    piles = staged.of(PILES)
    suspected = wh.rows(f"select distinct _pile, _column from {piles} order by 1")
    wh.run(f"alter table {piles} drop _column")
    if suspected:
        refused = [
            replace(chunk, tried=True)
            for pile, column in suspected
            for chunk in cut_pile(wh, staged, 1, pile, column)
        ]
        chunks = [*cut_pile(wh, staged, 1, 0, None), *refused]
    if too_large:
        places = ", ".join(map(str, too_large))
        query = f"select unnest([{places}]) as _row"
        add_problems(wh, staged, query, Verdict(HELD, "row_too_large"))
    return chunks


def cut_pile(
    wh: Attached, staged: StagedMart, wave: int, pile: int, suspected: str | None
) -> list[Chunk]:
    """Return the chunks of a pile; pile 0 has the rows without a pile."""
    chunks, _ = cut(wh, staged, wave, among=in_pile(staged, "_row", pile))
    tried = suspected is not None
    return [replace(chunk, pile=pile, tried=tried, suspected=suspected) for chunk in chunks]


def move_rows(
    wh: Attached, staged: StagedMart, changes: str, values: list[str] | None = None
) -> None:
    """Move the rows of a query (`_row`) into new piles (`_pile`)."""
    piles, moved = staged.of(PILES), PILE_CHANGES.name
    wh.run(f"create or replace table {moved} as {changes}", values and [values])
    wh.run(f"delete from {piles} where _row in (select _row from {moved})")
    wh.run(f"insert into {piles} select _row, _pile from {moved}")


def forget_search(wh: Attached, staged: StagedMart) -> None:
    """Remove the piles of an earlier search."""
    wh.run(f"delete from {staged.of(PILES)} where _pile >= {FIRST_PILE}")
