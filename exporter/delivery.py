"""The delivery of one mart's sendable rows, each upload between two entries in the ledger."""

from dataclasses import dataclass

from exporter import checks, chunk
from exporter.answer import Answer
from exporter.attributes import ENTITY_TYPES, differences
from exporter.errors import MetricaError
from exporter.handover import Run, hand_over
from exporter.judge import Judge
from exporter.lists import send_list
from exporter.manifest import Mart
from exporter.marts import LISTS
from exporter.metrica import Metrica
from exporter.preparation import Prepared, preparation
from exporter.redaction import redact
from exporter.report import Bar, Reporter
from exporter.sendable import cells, rows
from exporter.spelling import quote


@dataclass(slots=True)
class Sent:
    """What one delivery has come to so far: rows that are PASSED, and uploads.

    `complete` says that every row that was laid out has arrived.
    """

    rows: int = 0
    uploads: int = 0
    complete: bool = True


class Delivery:
    """Sends what the judge found sendable. Raises MetricaError; `Sent` holds what went before."""

    def __init__(self, judge: Judge, metrica: Metrica, report: Reporter, run: Run) -> None:
        """Take what a run needs; nothing is sent yet."""
        self._judge, self._metrica, self._report, self._run = judge, metrica, report, run
        self._wh, self._journal = judge.wh, run.journal
        self._split_budget = min(judge.limits.split_requests, run.budget // 2)

    def send(self, mart: Mart, sent: Sent) -> None:
        """Send the sendable rows of a mart, and count in `sent` what has arrived."""
        total = self._judge.sendable(mart)
        if not total:
            return
        self._journal.keep_columns(mart.name, self._judge.layout(mart).bits)
        self._ensure_attributes(mart)
        with self._report.progress(mart.name, total) as bar:
            if mart.entity in LISTS:
                sent.uploads += send_list(self._judge, self._metrica, self._run, mart)
                sent.rows += total
                bar(total)
            else:
                self._send_waves(mart, sent, bar)

    def _ensure_attributes(self, mart: Mart) -> None:
        found = differences(self._metrica, mart)
        for difference in found:
            if difference.is_conflict:
                raise MetricaError(difference.explain())
        missing = [difference.attribute for difference in found]
        if missing:
            self._metrica.create_attributes(ENTITY_TYPES[mart.name], missing)
            names = ", ".join(attribute.name for attribute in missing)
            self._report.line(f"{mart.name}: created attributes {names}")

    def _send_waves(self, mart: Mart, sent: Sent, bar: Bar) -> None:
        self._send_files(mart, sent, bar)
        # Without the orders that were set aside: none may overtake itself.
        while self._judge.next_wave(mart):
            self._report.line(f"{mart.name}: {self._judge.sendable(mart)} go on to the next status")
            self._send_files(mart, sent, bar)

    def _send_files(self, mart: Mart, sent: Sent, bar: Bar) -> None:
        parts = self._judge.chunks(mart)
        few = sum(part.rows for part in parts) <= self._judge.form.json_rows
        as_json = few and not mart.attributes and mart.name in ENTITY_TYPES
        with preparation(self._judge, self._run, mart, as_json=as_json) as ahead:
            ahead.add(parts)
            for prepared in ahead:
                part = prepared.part
                answer = self._send_file(mart, prepared)
                sent.uploads += 1
                if answer.status == "PASSED":
                    rows = self._judge.completed(mart, part)
                    sent.rows += rows
                    bar(rows)
                elif answer.status == "FAILED" and part.rows > 1 and self._split_budget > 1:
                    self._split_budget -= 2
                    ahead.add(self._judge.halves(mart, part))
                else:
                    self._set_aside(mart, part, answer)
                    sent.complete = False
                    bar(part.rows)

    def _send_file(self, mart: Mart, prepared: Prepared) -> Answer:
        header = [column.name for column in prepared.columns]
        merge_mode = self._judge.form.merge_mode(mart.name)
        path = prepared.file.path
        try:
            return hand_over(
                self._run,
                self._metrica,
                prepared.upload_no,
                lambda: self._metrica.upload(mart.entity, header, path, merge_mode),
            )
        finally:
            path.unlink()

    def _set_aside(self, mart: Mart, part: chunk.Chunk, answer: Answer) -> None:
        if answer.status == "unknown":
            state, reason = checks.HELD, "outcome_unknown"
        elif part.rows == 1:
            state, reason = checks.REJECTED, "refused_by_metrica"
        else:
            state, reason = checks.HELD, "refused_with_others"
        self._report.line(f"{mart.name}: {part.rows} rows {state}: {checks.REASONS[reason]}")
        layout = self._judge.layout(mart)
        detail = None
        if part.rows == 1 and answer.errors:
            row = self._wh.row(cells(mart, mart.columns, layout, part))
            detail = redact(answer.errors, [str(cell) for cell in row])
        self._wh.run(
            f"insert into problems_{mart.name} "
            f"select _row, {quote(state)}, null, {quote(reason)}, ? "
            f"from ({rows(mart, layout, part)})",
            [detail],
        )
