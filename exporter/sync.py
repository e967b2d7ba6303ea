"""The flow: statuses and products, then contacts, then orders (data: order of work)."""

import re

from exporter import chunk
from exporter.delivery import Delivery, Run, Sent
from exporter.entries import EntityCounts
from exporter.errors import MetricaError, SettingsError
from exporter.judge import Judge
from exporter.manifest import Mart, Marts
from exporter.marts import LISTS, MAX_CATALOGUE, Kind
from exporter.metrica import Metrica
from exporter.report import Reporter
from exporter.warehouse import Attached


def plan(judge: Judge, names: tuple[str, ...], *, everything: bool) -> dict[str, EntityCounts]:
    """Return what a run would come to if Metrica took all of it."""
    found = {}
    for mart in judge.marts.all:
        if mart.name in names:
            delta = judge.judge(mart, everything=everything)
            rows = judge.sendable(mart)
            if mart.entity in LISTS:
                uploads = -(-rows // MAX_CATALOGUE)
            else:
                uploads = len(chunk.cut(judge.wh, mart, judge.limits))
            found[mart.name] = judge.counts(delta, rows, uploads)
    return found


def check_time_zone(metrica: Metrica, marts: Marts, wh: Attached) -> None:
    """Refuse marts whose times are not in the counter's zone; SettingsError says which is which.

    An hour's shift would tie orders to other visits, or to none (contacts-data). The zone
    is read off the data: dbt writes it on the table together with the rows, while the
    manifest may be newer than a table that a failed build has left alone.
    """
    theirs = metrica.time_zone()
    for mart in marts.all:
        if all(column.kind is not Kind.DATETIME for column in mart.columns):
            continue
        mark = _ZONE.search(wh.comment(mart.schema, mart.table))
        ours = mark[1] if mark else mart.time_zone
        if ours != theirs:
            raise SettingsError(
                f"The counter's time zone is {theirs} and the times of mart {mart.name} are in "
                f"{ours}: set dbt's var `counter_time_zone: {theirs}`, and see that "
                "`dbt build --full-refresh` ends without an error."
            )


_ZONE = re.compile(r"counter_time_zone=(\S+)")
"""What the dbt project leaves as the comment on a mart."""


class Sync:
    """One run: sends the difference between marts and ledger, mart by mart."""

    def __init__(self, judge: Judge, metrica: Metrica, report: Reporter, run: Run) -> None:
        """Take what a run needs; nothing is sent yet."""
        self._judge, self._metrica, self._report = judge, metrica, report
        self._journal = run.journal
        self._delivery = Delivery(judge, metrica, report, run)

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

    def export(self, mart: Mart, *, everything: bool) -> tuple[EntityCounts, MetricaError | None]:
        """Send a mart's delta; returns what became of its rows.

        An error of Metrica's is returned beside the counts: what was sent until then is
        sent, the rest is pending.
        """
        delta = self._judge.judge(mart, everything=everything)
        if delta.widened:
            self._report.line(
                f"{mart.name}: rows behind the watermark changed; "
                f"compared all {delta.mart_rows} rows"
            )
        sent = Sent()
        error = None
        try:
            self._delivery.send(mart, sent)
        except MetricaError as caught:
            error = caught
        self._journal.end_pass(
            mart.name,
            self._judge.verdicts(mart),
            delta.watermark if error is None else None,
        )
        return self._judge.counts(delta, sent.rows, sent.uploads), error
