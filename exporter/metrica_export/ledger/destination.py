"""Checks that a counter's uploads have one destination and one mode."""

from metrica_export.errors import LedgerError
from metrica_export.ledger.reader import NOT_TAKEN, Ledger
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.marks import LEDGER


def check_destination(wh: Attached, ledger: Ledger, *, is_local: bool) -> None:
    """Raise LedgerError if the counter's earlier uploads went to the other destination.

    The two destinations are Metrica and a local emulator.
    """
    if not ledger.exists:
        return
    other = wh.rows(
        f"select 1 from {LEDGER}.ledger_uploads where counter_id = ? and status = 'PASSED' "
        "and local_api is distinct from ? limit 1",
        [ledger.counter_id, is_local],
    )
    if other:
        earlier, present = ("Metrica", "an emulator") if is_local else ("an emulator", "Metrica")
        raise LedgerError(
            f"The ledger's uploads of counter {ledger.counter_id} went to {earlier}, but this "
            f"command's --api-url is {present}, which has none of them. Use another counter number."
        )


def check_mode(wh: Attached, ledger: Ledger, mode: str) -> None:
    """Raise LedgerError if the counter's orders were sent in the other mode.

    No page says whether Metrica would recognize them as the same orders (page "Order and customer
    data format").
    """
    if not ledger.exists:
        return
    other = "orders" if mode == "simple" else "simple_orders"
    if wh.rows(
        f"select 1 from {LEDGER}.ledger_uploads where counter_id = ? and entity = ? "
        f"and status not in ({NOT_TAKEN}) limit 1",
        [ledger.counter_id, other],
    ):
        raise LedgerError(
            f"Earlier runs sent {other} to counter {ledger.counter_id}. With --mode {mode} Metrica "
            "may count the same orders twice. Use one mode for a counter."
        )
