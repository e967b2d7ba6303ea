"""One pass over a mart: its scope and its counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from metrica_export.ledger.records import Watermark
from metrica_export.warehouse.dbt_manifest import Mart


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows of a mart to compare: those at or after the watermark by default.

    `everything` compares the whole mart and ignores the watermark (`--reconcile`), `ids` only the
    rows with these ids. `with_watermark` also computes the next watermark, which a plan does not
    need.
    """

    everything: bool = False
    with_watermark: bool = False
    ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """The counts of one pass over a mart; its rows are in the staging tables.

    Every mart row is staged, unchanged, or has a standing verdict: the three counts add up to
    `mart_rows`. With `widened`, rows behind the watermark changed, so all rows were compared.
    `vanished` counts delivered rows that are no longer in the mart; it is 0 for a reference list.
    """

    mart: Mart
    mart_rows: int
    staged: int
    unchanged: int
    standing: int
    watermark: Watermark | None
    widened: bool = False
    vanished: int = 0
