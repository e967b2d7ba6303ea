"""The flow: statuses and products, then contacts, then orders (data: order of work)."""

from dataclasses import replace

from metrica_export.checks.judge import Judge
from metrica_export.commands.outcome import Outcome
from metrica_export.console import Reporter
from metrica_export.delivery.uploader import Run
from metrica_export.delivery.waves import Delivery, Sent
from metrica_export.delta.comparison import with_since
from metrica_export.delta.detection import Delta
from metrica_export.errors import MetricaError, QuotaError, SettingsError
from metrica_export.ledger.foreign_uploads import ADVICE, count_foreign
from metrica_export.ledger.records import Watermark
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import CONTACTS, Kind
from metrica_export.metrica.time_zones import same_zone
from metrica_export.review.impact import find_changes
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import time_zone
from metrica_export.warehouse.dbt_manifest import Mart


def check_time_zone(metrica: Metrica, marts: list[Mart], wh: Attached) -> None:
    """Refuse marts whose times are not in the counter's zone; SettingsError says which is which.

    An hour's shift would tie orders to other visits, or to none (contacts-data).
    """
    theirs = metrica.time_zone()
    for mart in marts:
        if all(column.kind is not Kind.DATETIME for column in mart.columns):
            continue
        ours = time_zone(wh, mart)
        if not same_zone(ours, theirs):
            raise SettingsError(
                f"The counter's time zone is {theirs} and the times of mart {mart.name} are in "
                f"{ours}: set dbt's var `counter_time_zone: {theirs}`, and see that "
                "`dbt build --full-refresh` ends without an error."
            )


_PREPARATION = 2
"""Requests before a mart's first upload: read its custom attributes and create missing ones."""


class Sync:
    """One run: sends the difference between marts and ledger, mart by mart."""

    def __init__(self, judge: Judge, metrica: Metrica, report: Reporter, run: Run) -> None:
        """Take what a run needs; nothing is sent yet."""
        self._judge, self._metrica, self._report = judge, metrica, report
        self._journal = run.journal
        self._delivery = Delivery(judge, metrica, report, run)
        self._presumed_rightly = True
        self._first_uploads: dict[str, int] = {}

    def resolve(self) -> int | None:
        """Find out what became of earlier uploads that have an id but no outcome.

        An upload whose answer was lost has no id, and nothing in Metrica's list says
        without doubt which one it was: its rows simply go again.
        Returns how many listed uploads the ledger does not know, None without a list.
        """
        waiting = self._journal.unknown_uploads()
        try:
            listed = self._metrica.outcomes()
        except QuotaError:
            raise
        except MetricaError as error:
            if waiting:
                raise
            self._report.line(f"{error} The run cannot tell whether Metrica has other uploads.")
            return None
        for uploading_id, answer in listed.items():
            if uploading_id in waiting and answer.status != "unknown":
                self._journal.end_upload(waiting[uploading_id], answer.status, uploading_id)
        judge = self._judge
        zone = judge.marts.time_zone or "UTC"
        foreign = count_foreign(judge.wh, judge.ledger, listed.values(), zone)
        if foreign:
            self._report.line(
                f"Metrica lists {foreign} uploads of counter {judge.ledger.counter_id} that the "
                f"ledger does not know. {ADVICE}"
            )
        return foreign

    def look(self, mart: Mart, outcome: Outcome, *, everything: bool) -> Delta:
        """Judge a mart, presuming that earlier marts are delivered; sends nothing.

        Its counts and changes go into `outcome`.
        """
        delta = self._judge.judge(mart, everything=everything)
        if delta.widened:
            self._report.line(
                f"{mart.name}: rows behind the watermark changed; "
                f"compared all {delta.mart_rows} rows"
            )
        if self._judge.names_goals(mart):
            # A JavaScript goal needs no mapping (maporderstatuses-about).
            self._journal.keep_goals(self._goals())
            self._judge.decide(mart, presume=True)
        outcome.entities[mart.name] = self._judge.counts(delta, 0, 0)
        outcome.changes[mart.name] = find_changes(self._judge, delta)
        self._first_uploads[mart.name] = self._judge.first_uploads(mart)
        if delta.vanished:
            fate = "Metrica keeps them"
            if mart.name == self._judge.erase:
                fate = "this run empties them in Metrica"
            elif mart.entity is CONTACTS:
                fate += "; see --erase-vanished"
            self._report.line(
                f"{mart.name}: {delta.vanished} delivered rows are no longer in the mart, "
                f"and {fate}"
            )
        return delta

    def _goals(self) -> frozenset[str]:
        try:
            return self._metrica.goals()
        except QuotaError:
            raise
        except MetricaError as error:
            self._report.line(f"{error} Orders whose status is a goal wait.")
            return frozenset()

    def _reserved(self) -> int:
        """Return how many requests the marts that are still to come need for their first waves."""
        return sum(n and n + _PREPARATION for n in self._first_uploads.values())

    def export(self, delta: Delta, outcome: Outcome) -> None:
        """Send a judged mart's delta, and count in `outcome` what became of its rows.

        An error ends it: the rows delivered until then are counted all the same, from numbers
        that need no warehouse, and the rest is pending.
        """
        mart = delta.mart
        if not self._presumed_rightly:
            self._judge.decide(mart, presume=False)
        judged, sent = self._judge.counts(delta, 0, 0), Sent()
        is_erasing = mart.name == self._judge.erase
        if is_erasing:
            # It counts the vanished rows, and stays true only if this run ends in order.
            self._journal.forget_watermark(mart.name)
        self._first_uploads.pop(mart.name)
        try:
            self._delivery.send(mart, sent, reserved=self._reserved())
        except MetricaError:
            self._end_pass(delta, None)
            raise
        finally:
            outcome.bytes += sent.bytes
            outcome.entities[mart.name] = replace(
                judged,
                sent=sent.rows,
                rejected=judged.rejected + sent.rejected,
                held=judged.held + sent.held,
                uploads=sent.uploads,
            )
        self._presumed_rightly &= sent.complete
        if sent.erased:
            self._report.line(f"{mart.name}: erased {sent.erased} rows that have left the mart")
        seen = delta.watermark and replace(delta.watermark, vanished=delta.vanished - sent.erased)
        self._end_pass(delta, seen if sent.complete or not is_erasing else None)

    def _end_pass(self, delta: Delta, seen: Watermark | None) -> None:
        mart = delta.mart
        verdicts = with_since(mart.name, self._judge.verdicts(mart))
        self._journal.end_pass(mart.name, verdicts, seen)
