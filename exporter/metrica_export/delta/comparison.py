"""The comparison of a mart's rows with the delivered ones, by id and row hash."""

from metrica_export.delta.vanished import ERASED
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import (
    CHANGED_IDS,
    COMPARED,
    RECORDED_VERDICTS,
    STANDING_VERDICTS,
    tables_of,
)


def compare(wh: Attached, mart: str) -> None:
    """Fill `compared` and `changed_ids`.

    All rows of a duplicated id are staged, since any of them may be the right one.
    """
    wh.run(render(__package__, "compared", erased=ERASED, **tables_of(mart)))
    wh.run(render(__package__, "changed_ids", **tables_of(mart)))


def compare_new(wh: Attached, mart: str) -> None:
    """Fill the tables for a mart without deliveries and verdicts: every row is new."""
    wh.run(COMPARED.create_empty(mart))
    wh.run(CHANGED_IDS.create_empty(mart))
    wh.run(
        f"create or replace table {STANDING_VERDICTS.of(mart)} as from {RECORDED_VERDICTS.of(mart)}"
    )


def keep_verdicts(wh: Attached, mart: str, *, beyond_window: bool) -> None:
    """Fill `standing_verdicts`; `beyond_window` includes rows that were not compared."""
    found = render(
        __package__,
        "standing_verdicts",
        beyond_window=str(beyond_window).lower(),
        **tables_of(mart),
    )
    wh.run(found)


def count_unchanged(wh: Attached, mart: str) -> tuple[int, int, int]:
    """Return the counts of standing verdicts, of those in the window, and of unchanged rows."""
    standing, in_window, unchanged = wh.row(
        render(__package__, "unchanged_counts", **tables_of(mart))
    )
    return standing, in_window, unchanged


def with_since(mart: str, verdicts: str) -> str:
    """Return the query of verdicts with `_since`, NULL for rows that had no verdict before.

    A row without an id is identified by its hash.
    """
    return render(__package__, "verdicts_with_since", verdicts=verdicts, **tables_of(mart))
