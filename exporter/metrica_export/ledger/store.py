"""The ledger's tables and views: a run opens them, and the first run creates them."""

from collections.abc import Iterable

from metrica_export.ledger.lock import ledger_lock
from metrica_export.ledger.reader import VERSION, Ledger
from metrica_export.ledger.views import are_current, create_views
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql_files import render


def open_ledger(wh: Attached, counter_id: int, marts: Marts) -> Ledger:
    """Return the counter's ledger; create it if there is none.

    A counter without runs gets the present filters at once. For others `record_filters` records
    them, so that a run can compare them with those of the deliveries.

    Only a run that holds the lock may call it. Raises LedgerError for a damaged ledger, and for
    another version of the ledger.
    """
    found = Ledger(wh, counter_id)
    if found.exists:
        is_new = found.filters() != _present(marts.all) and not found.has_runs()
        if not is_new and are_current(wh, marts, found.all_filters()):
            return found
    with ledger_lock(wh.profile):
        # The run of another counter may have created it in the meantime.
        wh.refresh_catalog()
        found = Ledger(wh, counter_id)
        present, filters = _present(marts.all), found.all_filters()
        if not found.exists:
            _create(wh)
        if present and found.filters() != present and not found.has_runs():
            _record(wh, counter_id, marts.all)
            filters = Ledger(wh, counter_id).all_filters()
        # Under the lock: the views have the filters of all counters.
        create_views(wh, marts, filters)
    return Ledger(wh, counter_id)


def record_filters(wh: Attached, ledger: Ledger, marts: Marts, reviewed: Iterable[str]) -> None:
    """Record the filters of reviewed marts, whose rows a run is about to send, for the views."""
    own = [mart for mart in marts.all if mart.name in reviewed]
    recorded = ledger.filters()
    if all(recorded.get(mart.name) == mart.condition for mart in own):
        return
    with ledger_lock(wh.profile):
        _record(wh, ledger.counter_id, own)
        create_views(wh, marts, Ledger(wh, ledger.counter_id).all_filters())


def _present(marts: Iterable[Mart]) -> dict[str, str]:
    return {mart.name: mart.condition for mart in marts if mart.condition is not None}


def _record(wh: Attached, counter_id: int, marts: Iterable[Mart]) -> None:
    with wh.transaction():
        for mart in marts:
            wh.run(
                f"delete from {LEDGER}.ledger_filters where counter_id = ? and entity = ?",
                [counter_id, mart.name],
            )
            if mart.condition is not None:
                wh.run(
                    f"insert into {LEDGER}.ledger_filters values (?, ?, ?)",
                    [counter_id, mart.name, mart.condition],
                )


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
