"""The ledger's tables and views: a run opens them, and the first run creates them."""

from metrica_export.ledger.lock import ledger_lock
from metrica_export.ledger.reader import VERSION, Ledger
from metrica_export.ledger.views import Filters, are_current, create_views
from metrica_export.warehouse.connection import LEDGER, Attached
from metrica_export.warehouse.dbt_manifest import Marts
from metrica_export.warehouse.sql_files import render


def open_ledger(wh: Attached, counter_id: int, marts: Marts) -> Ledger:
    """Return the counter's ledger; create it if there is none.

    Only a run that holds the lock may call it. Raises LedgerError for a damaged ledger, and for
    another version of the ledger.
    """
    found = Ledger(wh, counter_id)
    if found.exists:
        recorded, wanted = _filters(wh, counter_id, marts)
        if recorded == wanted and are_current(wh, marts, wanted):
            return found
    with ledger_lock(wh.profile):
        # The run of another counter may have created it in the meantime.
        wh.refresh_catalog()
        if not Ledger(wh, counter_id).exists:
            _create(wh)
        # Under the lock: the views have the filters of all counters.
        recorded, wanted = _filters(wh, counter_id, marts)
        if recorded != wanted:
            _record(wh, counter_id, wanted)
        create_views(wh, marts, wanted)
    return Ledger(wh, counter_id)


def _filters(wh: Attached, counter_id: int, marts: Marts) -> tuple[Filters, Filters]:
    """Return the recorded filters of all counters, and those with the counter's present ones."""
    present = [
        (counter_id, mart.name, mart.condition) for mart in marts.all if mart.condition is not None
    ]
    found = wh.rows(f"select counter_id, entity, condition from {LEDGER}.ledger_filters")
    others = [each for each in found if each[0] != counter_id]
    return sorted(found), sorted([*others, *present])


def _record(wh: Attached, counter_id: int, filters: Filters) -> None:
    with wh.transaction():
        wh.run(f"delete from {LEDGER}.ledger_filters where counter_id = ?", [counter_id])
        for each in filters:
            if each[0] == counter_id:
                wh.run(f"insert into {LEDGER}.ledger_filters values (?, ?, ?)", [*each])


def _create(wh: Attached) -> None:
    with wh.transaction():
        if not wh.has_schema(wh.ledger_schema):
            # PostgreSQL requires the right to create schemas even if the schema exists.
            wh.command(f"create schema {LEDGER}")
        wh.command(
            *_statements(),
            f"insert into {LEDGER}.ledger_version (version) values ({VERSION})",
        )
    wh.refresh_catalog()


def _statements() -> list[str]:
    text = render(f"{__package__}.migrations", str(VERSION), ledger=LEDGER)
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [found for statement in code.split(";") if (found := statement.strip())]
