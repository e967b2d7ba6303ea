"""The commands `schema diff` and `schema apply`: Metrica's statuses and attributes."""

from dataclasses import dataclass, replace

from metrica_export.commands import reset, run
from metrica_export.commands.result import RunResult
from metrica_export.console import Reporter
from metrica_export.errors import GateError
from metrica_export.ledger.destination import check_destination
from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.custom_attributes import Difference, differences
from metrica_export.metrica.formats import ORDER_STATUSES
from metrica_export.review.status_mapping import Change, mart_of, mart_statuses
from metrica_export.review.status_mapping import diff as diff_statuses
from metrica_export.settings import GATE, Gate, Options
from metrica_export.warehouse.session import open_session


@dataclass(frozen=True, slots=True)
class Differences:
    """The statuses and custom attributes that differ between Metrica and the marts."""

    statuses: list[Change]
    attributes: list[Difference]

    @property
    def to_apply(self) -> list[Change]:
        """Return the statuses to create or to change."""
        return [change for change in self.statuses if change.in_mart is not None]

    @property
    def equal(self) -> bool:
        """Whether Metrica has all statuses and attributes of the marts. Others do not count."""
        return not self.to_apply and not self.attributes


def diff(options: Options, api: Api) -> Differences:
    """Compare the statuses and custom attributes; changes nothing. Raises ExportError."""
    with open_session(options.dbt, staging=options.staging, read_only=True) as session:
        ledger = Ledger(session.wh, api.counter_id)
        check_destination(session.wh, ledger, is_local=api.is_local)
        metrica = Metrica(api, options.limits.daily_requests)
        mart = mart_of(session.marts)
        return Differences(
            diff_statuses(mart_statuses(session.wh, mart), metrica.statuses()) if mart else [],
            [
                difference
                for mart in session.marts.all
                for difference in differences(metrica, mart.entity, mart.attributes)
            ],
        )


def apply(options: Options, api: Api, report: Reporter, reviewed: Differences) -> RunResult:
    """Send the mart's whole mapping of statuses; return the result of the run that did.

    `reviewed` are the differences that the user saw. Raises GateError if they have changed since.
    Custom attributes are created by the run that first needs them.
    """
    if diff(options, api) != reviewed:
        raise GateError(
            "Nothing was sent: the order statuses or attributes changed after the difference was "
            "shown. Rerun `metrica-export schema apply`."
        )
    sent = reset.count_sent(options.dbt, api.counter_id, ORDER_STATUSES.name, None)
    if sent[ORDER_STATUSES.name]:
        reset.reset(options.dbt, api.counter_id, ORDER_STATUSES.name, None)
    only = replace(options, names=(ORDER_STATUSES.name,), gate=Gate(accepted=frozenset(GATE)))
    return run.run(only, api, report)
