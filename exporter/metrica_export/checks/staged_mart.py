"""A staged mart: the delta of one mart in the staging tables, ready to be validated."""

from dataclasses import dataclass, replace

from metrica_export.delta.delivered_state import (
    bits,
    read_delivered_state,
)
from metrica_export.delta.delta import Delta, Scope
from metrica_export.delta.detection import find_delta
from metrica_export.delta.full_list import stage_full_list
from metrica_export.delta.vanished import stage_vanished
from metrica_export.ledger.reader import Ledger
from metrica_export.settings import Form, Limits, Options
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.staging import DELIVERED_STATE
from metrica_export.warehouse.staging_table import StagingTable


@dataclass(frozen=True, slots=True)
class StagedMart:
    """One mart in the staging tables, and the settings for its files.

    `rows` counts the staged rows, including vanished rows that the run empties. `bits` maps a
    column to its bit in `_filled`. `now` is SQL for the time in the counter's zone; all marts of a
    command have the same. With `is_limited`, only the rows in `selected` are sendable (`--limit`).
    """

    mart: Mart
    delta: Delta
    rows: int
    limits: Limits
    form: Form
    bits: dict[str, int]
    is_erasing: bool = False
    now: str = "now()"
    is_limited: bool = False

    @property
    def name(self) -> str:
        """The mart's name."""
        return self.mart.name

    @property
    def keeps_omitted(self) -> bool:
        """Whether Metrica keeps values that an upload leaves out (page "Data upload modes")."""
        return self.form.merge_mode(self.name) != "SAVE"

    def of(self, table: StagingTable) -> str:
        """Return the name of a staging table of this mart."""
        return table.of(self.name)


def stage(wh: Attached, ledger: Ledger, mart: Mart, options: Options, scope: Scope) -> StagedMart:
    """Stage the delta of a mart and the delivered state of its rows.

    The caller has compared the mart's relation with its declaration (`check_relation`). A reference
    list is always compared as a whole.
    """
    is_list, is_erasing = mart.entity.is_reference_list, mart.name == options.erase_vanished
    everything = options.everything or is_list or is_erasing
    ids = None if is_list else scope.ids
    delta = find_delta(wh, ledger, mart, replace(scope, everything=everything, ids=ids))
    if is_list and delta.staged:
        stage_full_list(wh, mart)
    rows = delta.staged + (stage_vanished(wh, mart) if is_erasing else 0)
    if rows:
        read_delivered_state(wh, ledger, mart)
    else:
        wh.run(DELIVERED_STATE.create_empty(mart.name))
    columns = bits(ledger, mart) if rows else {}
    return StagedMart(mart, delta, rows, options.limits, options.form, columns, is_erasing)
