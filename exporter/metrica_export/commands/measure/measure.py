"""The use case of `measure`: it reads Metrica's reports and adds lines to the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from metrica_export.commands.counter_checks import check_time_zone
from metrica_export.commands.measure.cohorts import Cohort, changeable
from metrica_export.commands.measure.result import MeasuredCohort, Result
from metrica_export.commands.measure.tied import TiedReport
from metrica_export.commands.measure.visitors import ByClient, ClientReport
from metrica_export.errors import LedgerError, QuotaError, SettingsError, UnknownRateError
from metrica_export.ledger.delivered_orders import DeliveredOrders, OrderCount
from metrica_export.ledger.destination import check_destination
from metrica_export.ledger.measurements import Measurement, latest, record
from metrica_export.ledger.reader import NOT_TAKEN, Ledger
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.reports import MAX_REQUESTS, MAX_VALUES, Reports
from metrica_export.review.forecast import learn
from metrica_export.settings import DAILY_QUOTA, DbtSettings
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import check_relation, time_zone
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.session import Session, open_session
from metrica_export.warehouse.sql import quote

PROCESSING_HOURS = 2
"""Metrica processes an upload within this time (page "How to transmit customer and order data from
a CRM")."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of one `measure`.

    Without `cohorts`, the months count whose orders Metrica can still tie or update. `is_early`
    measures although Metrica may still process an upload. `by_client` looks up ClientIDs.
    """

    dbt: DbtSettings
    cohorts: tuple[Cohort, ...] = ()
    is_early: bool = False
    by_client: bool = False


def measure(wanted: Wanted, api: Api) -> Result:
    """Measure the match rate of cohorts and record it.

    Raises UnknownRateError if Metrica cannot tell it now, and other ExportErrors.
    """
    with open_session(wanted.dbt) as session:
        ledger = Ledger(session.wh, api.counter_id)
        if not ledger.exists:
            raise LedgerError(
                "This warehouse has no ledger yet, so there is nothing to measure. The first "
                "`metrica-export run` creates it."
            )
        check_destination(session.wh, ledger, is_local=api.is_local)
        if not wanted.is_early:
            _check_processed(session.wh, ledger)
        mart = _orders_mart(session.wh, ledger, session.marts)
        check_relation(session.wh, mart)
        # These few requests are outside the Reports API and its quota.
        metrica = Metrica(api, DAILY_QUOTA)
        check_time_zone(metrica, [mart], session.wh)
        goals = metrica.crm_goals()
        result = Result(api.counter_id, time_zone(session.wh, mart))
        if goals:
            reports = Reports(api)
            try:
                _Measuring(session, ledger, mart, reports, goals, wanted).fill(result)
            except QuotaError as error:
                raise UnknownRateError(f"{error} Nothing was recorded.") from None
            finally:
                result.requests = reports.requests
        return result


@dataclass(frozen=True, slots=True)
class _Measuring:
    session: Session
    ledger: Ledger
    mart: Mart
    reports: Reports
    goals: dict[str, int]
    wanted: Wanted

    def fill(self, result: Result) -> None:
        wh = self.session.wh
        today = self._today()
        cohorts = sorted(set(self.wanted.cohorts)) or changeable(today)
        if late := [cohort for cohort in cohorts if cohort.first > today]:
            raise SettingsError(
                f"--cohort {late[0]}: this month has not begun. Give an earlier one."
            )
        days = cohorts[0].first, cohorts[-1].end
        delivered = DeliveredOrders(wh, self.ledger, self.session.marts, self.mart, days)
        counts = _by_cohort(delivered.counts())
        if not self.wanted.cohorts:
            cohorts = [cohort for cohort in cohorts if cohort in counts]
        if not cohorts:
            result.notes.append("The ledger has no delivered order that Metrica can still change.")
            return
        tied = TiedReport(self.reports, self.goals).read(cohorts, today)
        result.refused = tied.refused
        if tied.is_hidden:
            result.notes.append("Metrica hid a part of its answer to protect visitors.")
        by_client = self._by_client(delivered, cohorts, counts, today, result)
        measured = latest(wh, self.ledger)
        for cohort in cohorts:
            found = MeasuredCohort(
                cohort,
                counts.get(cohort, []),
                tied.by_cohort[cohort],
                learn(measured, cohort.first),
                self.goals,
                by_client.get(cohort),
            )
            result.cohorts.append(found)
            measured = _with(measured, found.lines())
        lines = [line for cohort in result.cohorts for line in cohort.lines()]
        result.measured_at = record(wh, self.ledger.counter_id, lines)

    def _today(self) -> date:
        zone = quote(time_zone(self.session.wh, self.mart))
        (today,) = self.session.wh.row(
            f"select cast(timezone({zone}, {self.session.wh.now}) as date)"
        )
        found: date = today
        return found

    def _by_client(
        self,
        delivered: DeliveredOrders,
        cohorts: list[Cohort],
        counts: dict[Cohort, list[OrderCount]],
        today: date,
        result: Result,
    ) -> dict[Cohort, ByClient]:
        if not self.wanted.by_client:
            return {}
        report = ClientReport(self.reports)
        found = {}
        for place, cohort in enumerate(cohorts):
            orders = sum(
                c.delivered for c in counts.get(cohort, []) if c.identifiers == "client_id"
            )
            # One request is kept, in case Metrica refuses counts of orders by ClientID.
            requests = max(self.reports.left - 1, 0) // (len(cohorts) - place)
            visitors = delivered.visitors(cohort.first, requests * MAX_VALUES)
            found[cohort] = report.read(cohort, visitors, orders, requests, today)
        if left_out := sum(each.left_out for each in found.values()):
            result.notes.append(
                f"{left_out} orders with a ClientID were not looked up: a command makes at most "
                f"{MAX_REQUESTS} requests. Those that were looked up are a random choice."
                + (" Name one --cohort to look up more." if len(cohorts) > 1 else "")
            )
        if not report.has_orders:
            result.notes.append(
                "Metrica refuses counts of orders by ClientID, so only visits were looked up."
            )
        return found


def _check_processed(wh: Attached, ledger: Ledger) -> None:
    (minutes,) = wh.row(
        f"select epoch({wh.now} - max(coalesce(finished_at, started_at))) / 60 "
        f"from {LEDGER}.ledger_uploads where counter_id = ? and status not in ({NOT_TAKEN})",
        [ledger.counter_id],
    )
    wait = timedelta(hours=PROCESSING_HOURS).total_seconds() / 60
    if minutes is not None and minutes < wait:
        raise UnknownRateError(
            f"Too early: the last upload ended {max(minutes, 0):.0f} minutes ago, and Metrica "
            f"processes an upload for up to {PROCESSING_HOURS} hours. Rerun in "
            f"{wait - max(minutes, 0):.0f} minutes, or pass --early."
        )


def _orders_mart(wh: Attached, ledger: Ledger, marts: Marts) -> Mart:
    """Return the mart of orders from which the counter last got an upload."""
    kinds = [mart.name for mart in marts.all if mart.entity.has_deadline]
    found = wh.rows(
        f"select entity from {LEDGER}.ledger_uploads where counter_id = ? and status = 'PASSED' "
        f"and entity in ({', '.join(map(quote, kinds))}) order by upload_no desc limit 1",
        [ledger.counter_id],
    )
    if not found:
        raise LedgerError(
            f"No order of counter {ledger.counter_id} was delivered yet, so there is nothing to "
            "measure. Run `metrica-export run`."
        )
    return marts.get(found[0][0])


def _by_cohort(counts: Iterable[OrderCount]) -> dict[Cohort, list[OrderCount]]:
    found: dict[Cohort, list[OrderCount]] = {}
    for count in counts:
        found.setdefault(Cohort(count.cohort), []).append(count)
    return found


def _with(measured: list[Measurement], lines: list[Measurement]) -> list[Measurement]:
    """Return the latest measurements after a new one of a cohort."""
    return [m for m in measured if m.cohort != lines[0].cohort] + lines
