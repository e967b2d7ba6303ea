"""The command `report`: the figures of a counter, from ledger and marts only, and their page."""

from metrica_export.report.charts import drawing
from metrica_export.report.contents import Report, read_report
from metrica_export.report.languages.words import Words
from metrica_export.report.online import OnlineOrders
from metrica_export.report.page import render_page
from metrica_export.report.subject import read_subject
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.session import open_session


def read(dbt: DbtSettings, counter_id: int, online: OnlineOrders | None) -> Report:
    """Return the report of a counter; it makes no request and changes nothing.

    Raises SettingsError, WarehouseError or LedgerError.
    """
    with open_session(dbt, read_only=True) as session:
        return read_report(read_subject(session, counter_id), online)


def page(dbt: DbtSettings, counter_id: int, online: OnlineOrders | None, language: str) -> str:
    """Return the report as an HTML page. Raises the errors of `read`.

    Raises SettingsError first if the library for charts is not installed.
    """
    drawing.check_library()
    with open_session(dbt, read_only=True) as session:
        report = read_report(read_subject(session, counter_id), online, drawing.warm_up)
    return render_page(report, Words.of(language))
