"""The steps of one run, in their order: resolve, compare, review, deliver."""

from dataclasses import replace

from metrica_export.checks.references import names_goals
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.commands.comparison import Comparison
from metrica_export.commands.outcome import Outcome
from metrica_export.commands.result import COUNTS
from metrica_export.console import Reporter
from metrica_export.delivery.refused_files import Sent
from metrica_export.delivery.uploader import Uploader
from metrica_export.delivery.waves import Delivery, count_first_uploads
from metrica_export.delta.delta import Scope
from metrica_export.errors import MetricaError, QuotaError
from metrica_export.ledger.foreign_uploads import ADVICE, count_foreign
from metrica_export.ledger.records import Watermark
from metrica_export.metrica.formats import (
    CONTACTS,
    LINK_DAYS,
    ORDER_STATUSES,
    ORDERS,
    UPDATE_DAYS,
)
from metrica_export.plurals import counted
from metrica_export.review import gate
from metrica_export.review.gate_texts import in_language
from metrica_export.review.saved_plan import SavedPlan
from metrica_export.review.status_mapping import describe, find_drift
from metrica_export.warehouse.dbt_manifest import Mart

_PREPARATION = 2
"""Requests before a mart's first upload: read its custom attributes and create missing ones."""


class Export:
    """One run: sends the difference between marts and ledger, mart by mart.

    The outcome is filled in as far as the run gets. Every step raises ExportError.
    """

    def __init__(
        self, comparison: Comparison, uploader: Uploader, report: Reporter, outcome: Outcome
    ) -> None:
        """Take the parts of a run; nothing is sent yet."""
        self._comparison, self._uploader = comparison, uploader
        self._report, self._outcome = report, outcome
        self._delivery = Delivery(comparison.wh, uploader, report)
        self._all_delivered = True
        self._first_uploads: dict[str, int] = {}

    def resolve(self) -> None:
        """Look up earlier uploads without a known outcome in Metrica's list, by their id.

        An upload whose answer was lost has no id, so its rows are sent again. Listed uploads that
        the ledger does not know are counted.
        """
        journal, metrica = self._uploader.journal, self._uploader.metrica
        unknown = journal.unknown_uploads()
        try:
            listed = metrica.outcomes()
        except QuotaError:
            raise
        except MetricaError as error:
            if unknown:
                raise
            self._report.line(f"{error} Uploads that the ledger does not know are not counted.")
            return
        for uploading_id, answer in listed.items():
            if uploading_id in unknown and answer.status != "unknown":
                journal.end_upload(unknown[uploading_id], answer.status, uploading_id)
        ledger = self._comparison.ledger
        zone = self._comparison.session.marts.time_zone or "UTC"
        foreign = count_foreign(self._comparison.wh, ledger, listed.values(), zone)
        if foreign:
            self._report.line(
                f"Metrica lists {counted(foreign, 'upload')} of counter {ledger.counter_id} that "
                f"the ledger does not know. {ADVICE}"
            )
        self._outcome.foreign_uploads = foreign

    def compare(self, mart: Mart) -> None:
        """Stage and validate a mart, assuming that earlier marts are delivered."""
        comparison = self._comparison
        staged = comparison.stage(mart, Scope(with_watermark=True))
        if staged.delta.widened:
            self._report.line(
                f"{mart.name}: rows behind the watermark changed; "
                f"compared all {counted(staged.delta.mart_rows, 'row')}",
                mart=mart.name,
            )
        if names_goals(comparison.session, staged):
            # A JavaScript goal needs no mapping (page "How to map order statuses").
            self._uploader.journal.dictionaries.record_goals(self._read_goals())
            comparison.validate(staged, presume=True)
        comparison.review(staged, self._outcome)
        self._report_counts("mart_compared", mart.name)
        self._first_uploads[mart.name] = count_first_uploads(
            comparison.wh, staged, comparison.chunks[mart.name]
        )
        if staged.delta.vanished:
            effect = "Metrica keeps them"
            if staged.is_erasing:
                effect = "this run empties them in Metrica"
            elif mart.entity is CONTACTS:
                effect += "; see --erase-vanished"
            self._report.line(
                f"{mart.name}: {counted(staged.delta.vanished, 'delivered row')} no longer in the "
                f"mart; {effect}",
                mart=mart.name,
            )

    def limit(self) -> None:
        """Select the orders of `--limit` and their contacts; needs all marts compared."""
        comparison = self._comparison
        for name, (selected, sendable) in comparison.limit(self._outcome).items():
            self._first_uploads[name] = count_first_uploads(
                comparison.wh, comparison.staged[name], comparison.chunks[name]
            )
            self._report.line(
                f"{name}: {selected} of {counted(sendable, 'sendable row')} selected (--limit); "
                "the next run sends the others",
                mart=name,
            )

    def _report_counts(self, event: str, mart: str) -> None:
        counts = self._outcome.entities[mart]
        shown = {key: getattr(counts, key) for key in (*COUNTS, "pending")}
        text = ", ".join(f"{count} {key}" for key, count in shown.items())
        self._report.event(event, f"{mart}: {text}", mart=mart, **shown)

    def _read_goals(self) -> frozenset[str]:
        try:
            return self._uploader.metrica.goals()
        except QuotaError:
            raise
        except MetricaError as error:
            self._report.line(f"{error} Orders whose status is a goal are held.")
            return frozenset()

    def review(self, saved: SavedPlan | None) -> None:
        """Raise GateError if the run differs from the saved plan or exceeds a limit."""
        comparison, outcome = self._comparison, self._outcome
        options = comparison.options
        if saved:
            saved.check(SavedPlan.of(comparison.wh, options, comparison.reviewed), options.language)
        exceeded = comparison.find_exceeded()
        if {ORDER_STATUSES.name, ORDERS.name} & comparison.reviewed.keys() and (
            drift := find_drift(
                comparison.wh, comparison.ledger, comparison.session.marts, self._uploader.metrica
            )
        ):
            exceeded["drift"] = describe(drift)
        outcome.exceeded = in_language(exceeded, options.language)
        for name, changes in outcome.changes.items():
            if changes.late:
                self._report.line(
                    f"{name}: {counted(changes.late, 'order')} to send past Metrica's window of "
                    f"{LINK_DAYS} days ({UPDATE_DAYS} for delivered orders); --late-orders hold "
                    "holds them",
                    mart=name,
                )
        gate.check(options.gate, exceeded, options.language)
        if any(self._first_uploads.values()):
            self._uploader.journal.record_counts(outcome.entities)

    def deliver(self, staged: StagedMart) -> None:
        """Send the sendable rows of a reviewed mart, and record its verdicts and watermark.

        After an error the outcome has the count of delivered rows, which needs no warehouse. All
        other rows are pending.
        """
        comparison, name = self._comparison, staged.name
        if not self._all_delivered:
            comparison.validate(staged, presume=False)
        before, sent = comparison.counts(staged), Sent()
        if staged.is_erasing:
            # The watermark counts vanished rows, so it is wrong if this run is cut short.
            self._uploader.journal.forget_watermark(name)
        self._first_uploads.pop(name)
        try:
            self._delivery.send(staged, comparison.chunks[name], sent, reserved=self._reserved())
        except MetricaError:
            self._end_pass(staged, None)
            raise
        finally:
            self._outcome.bytes += sent.bytes
            self._outcome.entities[name] = replace(
                before,
                sent=sent.rows,
                rejected=before.rejected + sent.rejected,
                held=before.held + sent.held,
                uploads=sent.uploads,
            )
        self._report_counts("mart_delivered", name)
        self._all_delivered &= sent.complete
        if sent.erased:
            self._report.line(
                f"{name}: emptied {counted(sent.erased, 'row')} that left the mart", mart=name
            )
        delta = staged.delta
        watermark = delta.watermark and replace(
            delta.watermark, vanished=delta.vanished - sent.erased
        )
        # Without a watermark, the next run finds the rows that --limit left.
        is_cut = staged.is_limited or (staged.is_erasing and not sent.complete)
        self._end_pass(staged, None if is_cut else watermark)

    def _reserved(self) -> int:
        """Return the number of requests that the first waves of later marts need."""
        return sum(n and n + _PREPARATION for n in self._first_uploads.values())

    def _end_pass(self, staged: StagedMart, watermark: Watermark | None) -> None:
        verdicts = self._comparison.verdicts(staged)
        self._uploader.journal.end_pass(staged.name, verdicts, watermark)
