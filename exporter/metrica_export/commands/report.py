"""The command `report`: the figures of a counter, from ledger and marts only."""

from metrica_export.report.contents import Report, read_report
from metrica_export.report.online import OnlineOrders
from metrica_export.report.subject import read_subject
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.session import open_session


def read(dbt: DbtSettings, counter_id: int, online: OnlineOrders | None) -> Report:
    """Return the report of a counter; it makes no request and changes nothing.

    Raises SettingsError, WarehouseError or LedgerError.
    """
    with open_session(dbt, read_only=True) as session:
        return read_report(read_subject(session, counter_id), online)
