"""The delivery of one mart's sendable rows, each upload between two entries in the ledger."""

from collections import deque
from dataclasses import dataclass

from exporter import checks, chunk
from exporter.attributes import ENTITY_TYPES, differences
from exporter.entries import Upload
from exporter.errors import ExportError, MetricaError
from exporter.handover import Run, hand_over
from exporter.judge import Judge
from exporter.lists import send_list
from exporter.manifest import Mart
from exporter.marts import LISTS, Column
from exporter.metrica import Answer, Metrica
from exporter.redaction import redact
from exporter.report import Bar, Reporter
from exporter.sendable import cells, deliveries, lay_out
from exporter.warehouse import quote


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
        wave = 1
        while self._judge.sendable(mart):
            self._send_files(mart, sent, bar)
            if not self._judge.has_next_wave(mart):
                return
            wave += 1
            # Without the orders that were set aside: none may overtake itself.
            lay_out(self._wh, mart, self._judge.layout(mart), wave)
            self._report.line(f"{mart.name}: {self._judge.sendable(mart)} go on to the next status")

    def _send_files(self, mart: Mart, sent: Sent, bar: Bar) -> None:
        waiting = deque(self._judge.cut(mart))
        while waiting:
            part = waiting.popleft()
            answer = self._send_file(mart, part)
            sent.uploads += 1
            if answer.status == "PASSED":
                rows = self._judge.completed(mart, part)
                sent.rows += rows
                bar(rows)
            elif answer.status == "FAILED" and part.rows > 1 and self._split_budget > 1:
                self._split_budget -= 2
                waiting.extendleft(reversed(part.halves()))
            else:
                self._set_aside(mart, part, answer)
                sent.complete = False
                bar(part.rows)

    def _send_file(self, mart: Mart, part: chunk.Chunk) -> Answer:
        layout = self._judge.layout(mart)
        columns = chunk.columns_of(mart, part, layout.bits)
        file = self._write(mart, columns, part)
        header = [column.name for column in columns]
        merge_mode = layout.form.merge_mode(mart.name)
        try:
            return hand_over(
                self._run,
                self._metrica,
                Upload(mart.name, file.size, file.sha256, self._run.is_local, part.rows),
                deliveries(self._wh, mart, layout, part),
                lambda: self._metrica.upload(mart.entity, header, file.path, merge_mode),
            )
        finally:
            file.path.unlink()

    def _write(self, mart: Mart, columns: tuple[Column, ...], part: chunk.Chunk) -> chunk.File:
        rows = cells(self._wh, mart, columns, part)
        path = self._run.staging / f"{mart.name}.csv"
        few = self._judge.sendable(mart) <= self._judge.form.json_rows
        if few and not mart.attributes and mart.name in ENTITY_TYPES:
            file = chunk.write_json(self._wh, mart, columns, rows, path.with_suffix(".json"))
            if file.size <= self._judge.limits.chunk_bytes:
                return file
            file.path.unlink()
        try:
            return chunk.write(self._wh, mart, rows, path)
        except ExportError:
            path.unlink(missing_ok=True)
            raise

    def _set_aside(self, mart: Mart, part: chunk.Chunk, answer: Answer) -> None:
        if answer.status == "unknown":
            state, reason = checks.HELD, "outcome_unknown"
        elif part.rows == 1:
            state, reason = checks.REJECTED, "refused_by_metrica"
        else:
            state, reason = checks.HELD, "refused_with_others"
        self._report.line(f"{mart.name}: {part.rows} rows {state}: {checks.REASONS[reason]}")
        rows = f"from sendable_{mart.name} where _pos between {part.first} and {part.last}"
        detail = None
        if part.rows == 1 and answer.errors:
            row = self._wh.row(cells(self._wh, mart, mart.columns, part))
            detail = redact(answer.errors, [str(cell) for cell in row])
        self._wh.run(
            f"insert into problems_{mart.name} "
            f"select _row, {quote(state)}, null, {quote(reason)}, ? {rows}",
            [detail],
        )
