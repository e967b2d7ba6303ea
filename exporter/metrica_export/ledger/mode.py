"""The mode of a counter's runs, and the marts that belong to it."""

from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.formats import SIMPLE_ORDERS
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import quote


def marts_of_mode(wh: Attached, ledger: Ledger, marts: Marts) -> list[Mart]:
    """Return the marts of the mode of the counter's runs; all marts before the first run."""
    if not ledger.exists:
        return list(marts.all)
    found = wh.rows(
        f"select distinct e.entity = {quote(SIMPLE_ORDERS.name)} "
        f"from {LEDGER}.ledger_run_entities e join {LEDGER}.ledger_runs r on r.run_no = e.run_no "
        "where r.counter_id = ?",
        [ledger.counter_id],
    )
    modes = {is_simple for (is_simple,) in found} or {True, False}
    return [mart for mart in marts.all if (mart.entity is SIMPLE_ORDERS) in modes]
