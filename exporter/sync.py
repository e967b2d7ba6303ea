"""The flow: statuses and products, then contacts, then orders (data: order of work)."""

from exporter.changes import find_changes
from exporter.delivery import Delivery, Sent
from exporter.delta import Delta
from exporter.entries import Changes, EntityCounts
from exporter.errors import MetricaError, QuotaError, SettingsError
from exporter.handover import Run
from exporter.judge import Judge
from exporter.manifest import Mart
from exporter.marts import Kind
from exporter.metrica import Metrica
from exporter.relation import time_zone
from exporter.report import Reporter
from exporter.warehouse import Attached
from exporter.zones import same_zone


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


class Sync:
    """One run: sends the difference between marts and ledger, mart by mart."""

    def __init__(self, judge: Judge, metrica: Metrica, report: Reporter, run: Run) -> None:
        """Take what a run needs; nothing is sent yet."""
        self._judge, self._metrica, self._report = judge, metrica, report
        self._journal = run.journal
        self._delivery = Delivery(judge, metrica, report, run)
        self._presumed_rightly = True

    def resolve(self) -> None:
        """Find out what became of earlier uploads that have an id but no outcome.

        An upload whose answer was lost has no id, and nothing in Metrica's list says
        without doubt which one it was: its rows simply go again.
        """
        waiting = self._journal.unknown_uploads()
        if not waiting:
            return
        for uploading_id, answer in self._metrica.outcomes().items():
            if uploading_id in waiting and answer.status != "unknown":
                self._journal.end_upload(waiting[uploading_id], answer.status, uploading_id)

    def look(self, mart: Mart, *, everything: bool) -> tuple[Delta, Changes]:
        """Judge a mart, as if what goes before it will arrive; sends nothing."""
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
        return delta, find_changes(self._judge, mart)

    def _goals(self) -> frozenset[str]:
        try:
            return self._metrica.goals()
        except QuotaError:
            raise
        except MetricaError as error:
            self._report.line(f"{error} Orders whose status is a goal wait.")
            return frozenset()

    def export(self, delta: Delta) -> tuple[EntityCounts, MetricaError | None]:
        """Send a judged mart's delta; returns what became of its rows.

        An error of Metrica's is returned beside the counts: what was sent until then is
        sent, the rest is pending.
        """
        mart = delta.mart
        if not self._presumed_rightly:
            self._judge.decide(mart, presume=False)
        sent = Sent()
        error = None
        try:
            self._delivery.send(mart, sent)
        except MetricaError as caught:
            error = caught
        self._presumed_rightly &= sent.complete
        self._journal.end_pass(
            mart.name,
            self._judge.verdicts(mart),
            delta.watermark if error is None else None,
        )
        return self._judge.counts(delta, sent.rows, sent.uploads), error
