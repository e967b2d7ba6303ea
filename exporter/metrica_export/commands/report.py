"""The command `report`: the figures of a counter, from ledger and marts only, and their page."""

from datetime import datetime
from importlib.util import find_spec

from metrica_export.errors import SettingsError
from metrica_export.report.contents import Report, read_report
from metrica_export.report.online import OnlineOrders
from metrica_export.report.parts.runs import Runs
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
    if find_spec("vl_convert") is None:
        raise SettingsError(
            "The charts of the report need the package vl-convert-python, which is not installed. "
            "Run `pip install 'metrica-crm-export[report]'`, or use --json."
        )
    with open_session(dbt, read_only=True) as session:
        subject = read_subject(session, counter_id)
        report = read_report(subject, online, lambda runs: _load_page(runs, subject.now, language))
    return _render_page(report, language)


def _load_page(runs: Runs, now: datetime, language: str) -> None:
    # Loaded while the warehouse works: the libraries take half a second.
    from metrica_export.report import page  # noqa: PLC0415

    page.warm_up(runs, now, language)


def _render_page(report: Report, language: str) -> str:
    from metrica_export.report import page  # noqa: PLC0415

    return page.render_page(report, language)
