"""The delivery of one mart's sendable rows, each upload between two entries in the ledger."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from metrica_export.checks import chunks, rules
from metrica_export.checks.judge import Judge
from metrica_export.checks.sendable import cells, rows
from metrica_export.checks.suspicion import Search
from metrica_export.console import Bar, Reporter
from metrica_export.delivery.prefetch import Prepared, preparation
from metrica_export.delivery.reference_lists import send_list
from metrica_export.delivery.uploader import Run, hand_over
from metrica_export.delta.vanished import ERASED
from metrica_export.errors import MetricaError
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.custom_attributes import ENTITY_TYPES, differences
from metrica_export.metrica.formats import LISTS, ORDERS, SIMPLE_ORDERS
from metrica_export.metrica.redaction import redact
from metrica_export.warehouse.dbt_manifest import STATUS_PATH, Mart
from metrica_export.warehouse.sql import name, quote

_Chunks = list[chunks.Chunk]

_LONGEST_REASON = 2_000
"""Characters of Metrica's reason for a refused file that are looked at."""


@dataclass(slots=True)
class Sent:
    """The counts of one delivery so far: rows that are PASSED, uploads, and their bytes.

    `rejected` and `held` rows are those that Metrica refused or did not decide on. `erased`
    counts vanished rows that were emptied; they are no mart rows. `complete` says that every row
    that was laid out has arrived.
    """

    rows: int = 0
    erased: int = 0
    uploads: int = 0
    bytes: int = 0
    rejected: int = 0
    held: int = 0
    complete: bool = True


class Delivery:
    """Sends what the judge found sendable. Raises MetricaError; `Sent` holds what went before."""

    def __init__(self, judge: Judge, metrica: Metrica, report: Reporter, run: Run) -> None:
        """Take what a run needs; nothing is sent yet."""
        self._judge, self._metrica, self._report, self._run = judge, metrica, report, run
        self._wh, self._journal = judge.wh, run.journal
        self._split_budget = min(judge.limits.split_requests, run.budget // 2)
        self._reserved = self._waiting = 0
        self._detail = ""

    def send(self, mart: Mart, sent: Sent, *, reserved: int) -> None:
        """Send the sendable rows of a mart, and count in `sent` what has arrived.

        `reserved` requests are for the first waves of later marts: neither later waves nor the
        search for guilty rows may use them.
        """
        self._reserved, self._waiting, self._detail = reserved, 0, ""
        total = self._judge.sendable(mart)
        if not total:
            return
        self._journal.keep_columns(mart.name, self._judge.layout(mart).bits)
        if mart.entity in (ORDERS, SIMPLE_ORDERS):
            self._journal.number_statuses("select _id as _status from known_statuses")
        self._ensure_attributes(mart)
        with self._report.progress(mart.name, total) as bar:
            if mart.entity in LISTS:
                requests, size = send_list(self._judge, self._metrica, self._run, mart)
                sent.rows, sent.uploads, sent.bytes = total, requests, size
                bar(total)
            else:
                self._send_waves(mart, sent, bar)

    def _ensure_attributes(self, mart: Mart) -> None:
        found = differences(self._metrica, mart.name, mart.attributes)
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
        # Rejected and held orders stay behind: an order must not overtake itself.
        while self._judge.next_wave(mart):
            rows, files = self._judge.sendable(mart), len(self._judge.chunks(mart))
            is_last = self._judge.layout(mart).wave > self._judge.limits.max_steps
            # A long path takes a request for each step, and later runs of the day need theirs.
            if is_last or self._spare() - files < self._run.budget // 2:
                self._postpone(mart, rows)
                break
            self._report.line(f"{mart.name}: {rows} go on to the next status")
            self._send_files(mart, sent, bar)

    def _postpone(self, mart: Mart, orders: int) -> None:
        """Leave the orders of the present wave to the next run.

        Each gets the verdict `steps_left`, so that the next run finds it behind the watermark.
        """
        self._wh.run(
            f"insert into problems_{mart.name} select _row, {quote(rules.PENDING)}, "
            f"{quote(STATUS_PATH)}, 'steps_left', null from ({self._judge.rows(mart)})"
        )
        self._report.line(
            f"{mart.name}: {orders} orders have statuses left on their path; the next run goes on "
            "with them (--max-steps)"
        )

    def _spare(self) -> int:
        """Return how many requests the first waves of all marts leave."""
        return self._run.budget - self._metrica.requests - self._reserved

    def _send_files(self, mart: Mart, sent: Sent, bar: Bar) -> None:
        parts = self._judge.chunks(mart)
        few = sum(part.rows for part in parts) <= self._judge.form.json_rows
        as_json = few and not mart.attributes and mart.name in ENTITY_TYPES
        search = Search(self._wh, mart, self._judge.layout(mart), self._spend)
        with preparation(self._judge, self._run, mart, as_json=as_json) as ahead:
            ahead.add(parts)
            for prepared in ahead:
                part = prepared.part
                # Counted before it goes: afterwards the warehouse may be gone.
                completed = self._judge.completed(mart, part)
                answer = self._send_file(mart, prepared, completed)
                sent.uploads += 1
                sent.bytes += prepared.file.size
                if answer.status == "PASSED":
                    sent.rows += completed
                    sent.erased += 0 if mart.has_path else part.rows - completed
                    bar(completed if mart.has_path else part.rows)
                waiting = ahead.take_waiting()
                self._waiting = len(waiting)
                for each, reason in self._search(mart, search, part, answer, waiting):
                    self._set_aside(mart, each, reason, sent)
                    bar(each.rows)
                ahead.add(waiting)

    def _search(
        self, mart: Mart, search: Search, part: chunks.Chunk, answer: Answer, waiting: _Chunks
    ) -> Iterator[tuple[chunks.Chunk, str]]:
        """Let the search go on after an answer; yield each chunk to set aside, with the reason.

        It changes `waiting` to the chunks to send next. Each chunk must be set aside before the
        next step of the search, which cuts new chunks from the rows that are left.
        """
        refused: _Chunks = []
        if answer.status == "PASSED":
            search.passed(part)
        elif answer.status == "unknown":
            search.unknown(part)
            yield part, "outcome_unknown"
        elif part.rows == 1:
            search.refused_alone(part, answer.errors)
            refused = [part]
        else:
            waiting[:], refused = search.refused(part, waiting)
        if refused:
            self._detail = self._redacted(mart, part, answer.errors)
        for each in refused:
            yield each, "refused_by_metrica" if part.rows == 1 else "refused_with_others"
        waiting[:], held = search.next(waiting)
        for each in held:
            yield each, "refused_with_others"

    def _spend(self, requests: int) -> bool:
        """Take requests for the search for guilty rows, if there are so many to spare."""
        if min(self._split_budget, self._spare() - self._waiting) < requests:
            return False
        self._split_budget -= requests
        return True

    def _send_file(self, mart: Mart, prepared: Prepared, completed: int) -> Answer:
        header = [column.name for column in prepared.columns]
        merge_mode = self._judge.form.merge_mode(mart.name)
        path = prepared.file.path
        try:
            return hand_over(
                self._run,
                self._metrica,
                prepared.upload_no,
                completed,
                lambda: self._metrica.upload(mart.entity, header, path, merge_mode),
            )
        finally:
            path.unlink()

    def _set_aside(self, mart: Mart, part: chunks.Chunk, reason: str, sent: Sent) -> None:
        state = rules.REJECTED if reason == "refused_by_metrica" else rules.HELD
        self._report.line(f"{mart.name}: {part.rows} rows {state}: {rules.REASONS[reason]}")
        is_refused = reason != "outcome_unknown"
        those = rows(mart, self._judge.layout(mart), part)
        # A vanished row is no row of the mart, and the counts are of the mart.
        (ours,) = self._wh.row(
            f"select count(*) from ({those}) where _hash is distinct from {quote(ERASED)}"
        )
        self._wh.run(
            f"insert into problems_{mart.name} "
            f"select _row, {quote(state)}, ?, {quote(reason)}, ? from ({those})",
            [part.suspected, self._detail or None] if is_refused else [None, None],
        )
        sent.complete = False
        if state == rules.REJECTED:
            sent.rejected += ours
        else:
            sent.held += ours

    def _redacted(self, mart: Mart, part: chunks.Chunk, reason: str) -> str:
        """Return Metrica's reason for refusing a chunk without the words of the chunk's cells."""
        cells_of = cells(mart, mart.columns, self._judge.layout(mart), part)
        whole = ", ".join(name(column.name) for column in mart.columns)
        # Metrica may answer with a text for each row, and a few words of it are kept.
        reason = reason[:_LONGEST_REASON]
        # Only the cells' words that the reason may repeat: a chunk has many.
        found = self._wh.rows(
            "select distinct _word from (select unnest(regexp_extract_all("
            f"lower(concat_ws(' ', {whole})), '[a-z]+')) as _word from ({cells_of})) "
            "where list_bool_or(list_transform(?, lambda said: "
            "contains(said, _word) or starts_with(_word, said)))",
            [sorted(set(re.findall(r"[a-z]+", reason.lower()))) or [""]],
        )
        return redact(reason, [word for (word,) in found])
