"""One counter, one destination, one mode: what a ledger must not mix."""

from metrica_export.errors import LedgerError
from metrica_export.ledger.reader import NOT_TAKEN, Ledger
from metrica_export.warehouse.connection import LEDGER, Attached


def check_destination(wh: Attached, ledger: Ledger, *, is_local: bool) -> None:
    """Refuse to mix what an emulator has with what Metrica has.

    Raises LedgerError when this counter's uploads went to the other one of the two.
    """
    if not ledger.exists:
        return
    other = wh.rows(
        f"select 1 from {LEDGER}.ledger_uploads where counter_id = ? and status = 'PASSED' "
        "and local_api is distinct from ? limit 1",
        [ledger.counter_id, is_local],
    )
    if other:
        there, here = ("Metrica", "an emulator") if is_local else ("an emulator", "Metrica")
        raise LedgerError(
            f"The ledger's uploads of counter {ledger.counter_id} went to {there}, and this run "
            f"would go to {here}, which has none of them: use another counter number."
        )


def check_mode(wh: Attached, ledger: Ledger, mode: str) -> None:
    """Refuse to send orders in both ways to one counter; LedgerError says so.

    Whether Metrica would take them for the same orders, no page says (simple-orders-data).
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
            f"Counter {ledger.counter_id} was sent {other} before, and --mode {mode} would send "
            "the same orders in another way, which may double them: keep to one mode for a "
            "counter."
        )
