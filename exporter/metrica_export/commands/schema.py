"""Metrica's side of the schema against the marts: what differs, and putting it right."""

from dataclasses import dataclass, replace

from metrica_export.commands import reset, run
from metrica_export.commands.outcome import Outcome
from metrica_export.ledger.destination import check_destination
from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.custom_attributes import Difference, differences
from metrica_export.metrica.formats import ORDER_STATUSES
from metrica_export.review.status_mapping import Change, mart_of, ours
from metrica_export.review.status_mapping import diff as diff_statuses
from metrica_export.settings import GATE, Gate, Options
from metrica_export.warehouse.session import open_session


@dataclass(frozen=True, slots=True)
class Differences:
    """What Metrica maps or declares otherwise than the marts."""

    statuses: list[Change]
    attributes: list[Difference]

    @property
    def to_apply(self) -> list[Change]:
        """Return the statuses to create or to change."""
        return [change for change in self.statuses if change.ours is not None]

    @property
    def equal(self) -> bool:
        """Whether Metrica has all that the marts declare; what it has besides is left alone."""
        return not self.to_apply and not self.attributes


def diff(options: Options, api: Api) -> Differences:
    """Compare the statuses and custom attributes; changes nothing. Raises ExportError."""
    with open_session(options.dbt, staging=options.staging, read_only=True) as session:
        ledger = Ledger(session.wh, api.counter_id)
        check_destination(session.wh, ledger, is_local=api.is_local)
        metrica = Metrica(api, options.limits.daily_requests)
        mart = mart_of(session.marts)
        return Differences(
            diff_statuses(ours(session.wh, mart), metrica.statuses()) if mart else [],
            [
                difference
                for mart in session.marts.all
                for difference in differences(metrica, mart.entity, mart.attributes)
            ],
        )


def apply(outcome: Outcome, options: Options, api: Api) -> Differences:
    """Put the mart's mapping of statuses into Metrica if it differs; returns what differed.

    It goes as in a run that is told to send the whole list again, and is in the ledger like
    one; `outcome` is that run's. A custom attribute is left to the run that first needs it.
    """
    found = diff(options, api)
    if not found.to_apply:
        return found
    sent = reset.count_sent(options.dbt, api.counter_id, ORDER_STATUSES.name, None)
    if sent[ORDER_STATUSES.name]:
        reset.reset(options.dbt, api.counter_id, ORDER_STATUSES.name, None)
    only = replace(options, names=(ORDER_STATUSES.name,), gate=Gate(accepted=frozenset(GATE)))
    run.run(outcome, only, api)
    return found
