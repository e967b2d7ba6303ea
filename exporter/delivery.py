"""The delivery of one mart's sendable rows, each upload between two entries in the ledger."""

import hashlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter import checks, chunk
from exporter.entries import Upload
from exporter.errors import MetricaError
from exporter.journal import Journal
from exporter.judge import Judge
from exporter.manifest import Mart
from exporter.marts import CONTACTS, LISTS, MAX_CATALOGUE, ORDER_STATUSES, ORDERS
from exporter.metrica import Answer, Metrica
from exporter.redaction import redact
from exporter.report import Reporter
from exporter.warehouse import HERE, name, quote

_ENTITY_TYPES = {CONTACTS.name: "CONTACT", ORDERS.name: "ORDER"}  # createAttributes


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its side of the ledger, the requests it may make, where it makes files.

    `check_lock` raises LedgerError once the lock is lost.
    """

    journal: Journal
    budget: int
    staging: Path
    is_local: bool
    check_lock: Callable[[], None]


@dataclass(slots=True)
class Sent:
    """What one delivery has come to so far: rows that are PASSED, and uploads."""

    rows: int = 0
    uploads: int = 0


class Delivery:
    """Sends what the judge found sendable. Raises MetricaError; `Sent` holds what went before."""

    def __init__(self, judge: Judge, metrica: Metrica, report: Reporter, run: Run) -> None:
        """Take what a run needs; nothing is sent yet."""
        self._judge, self._metrica, self._report, self._run = judge, metrica, report, run
        self._wh, self._journal = judge.wh, run.journal
        self._split_budget = min(judge.limits.split_requests, run.budget // 2)

    def send(self, mart: Mart, sent: Sent) -> None:
        """Send the sendable rows of a mart, and count in `sent` what has arrived."""
        if not self._judge.sendable(mart):
            return
        if mart.entity in LISTS:
            self._send_list(mart, sent)
        else:
            self._ensure_attributes(mart)
            self._send_files(mart, sent)

    def _ensure_attributes(self, mart: Mart) -> None:
        if not mart.attributes:
            return
        entity_type = _ENTITY_TYPES[mart.name]
        there = self._metrica.attributes(entity_type)
        for attribute in mart.attributes:
            found = there.get(attribute.name)
            if found is not None and found.lower() != attribute.type_name:
                raise MetricaError(
                    f"Metrica has the attribute {attribute.name} of {entity_type} as {found}, and "
                    f"mart {mart.name} declares {attribute.type_name}: a type cannot be changed, "
                    "so correct the mart's YAML, or give the column another name."
                )
        missing = [a for a in mart.attributes if a.name not in there]
        if missing:
            self._metrica.create_attributes(entity_type, missing)
            names = ", ".join(a.name for a in missing)
            self._report.line(f"{mart.name}: created attributes {names}")

    def _send_files(self, mart: Mart, sent: Sent) -> None:
        total = self._judge.sendable(mart)
        waiting = deque(chunk.cut(self._wh, mart, self._judge.limits))
        with self._report.progress(mart.name, total) as bar:
            while waiting:
                part = waiting.popleft()
                answer = self._send_file(mart, part)
                sent.uploads += 1
                if answer.status == "PASSED":
                    sent.rows += part.rows
                elif answer.status == "FAILED" and part.rows > 1 and self._split_budget > 1:
                    self._split_budget -= 2
                    waiting.extendleft(reversed(part.halves()))
                    continue
                else:
                    self._set_aside(mart, part, answer)
                bar(part.rows)

    def _send_file(self, mart: Mart, part: chunk.Chunk) -> Answer:
        path = self._run.staging / f"{mart.name}.csv"
        try:
            file = chunk.write(self._wh, mart, part, path)
            upload_no = self._start(
                Upload(mart.name, file.size, file.sha256, self._run.is_local),
                f"select _id, _hash from sendable_{mart.name} "
                f"where _pos between {part.first} and {part.last}",
            )
            try:
                columns = [column.name for column in mart.columns]
                answer = self._metrica.upload(mart.entity, columns, path)
            except MetricaError as error:
                self._end_in_error(upload_no, error)
                raise
        finally:
            path.unlink(missing_ok=True)
        self._journal.end_upload(upload_no, answer.status, answer.uploading_id)
        return answer

    def _start(self, upload: Upload, rows: str) -> int:
        self._run.check_lock()
        # Counted before it is made: a run that is killed has made it all the same.
        self._journal.count_requests(self._metrica.requests + 1)
        return self._journal.start_upload(upload, rows)

    def _end_in_error(self, upload_no: int, error: MetricaError) -> None:
        self._journal.end_upload(upload_no, "unknown" if error.doubtful else "FAILED", None)

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
            columns = ", ".join(name(column.name) for column in mart.columns)
            cells = self._wh.row(f"select {columns} {rows}")
            detail = redact(answer.errors, [str(cell) for cell in cells])
        self._wh.run(
            f"insert into problems_{mart.name} "
            f"select _row, {quote(state)}, null, {quote(reason)}, ? {rows}",
            [detail],
        )

    def _send_list(self, mart: Mart, sent: Sent) -> None:
        """Send the whole list: right whether Metrica replaces it or adds to it (ND)."""
        items = self._items(mart)
        with self._report.progress(mart.name, self._judge.sendable(mart)) as bar:
            upload_no = self._start_list(mart, items)
            try:
                for first in range(0, len(items), MAX_CATALOGUE):
                    part = items[first : first + MAX_CATALOGUE]
                    if mart.entity is ORDER_STATUSES:
                        self._metrica.put_statuses(part)
                    else:
                        self._metrica.put_products(part)
                    sent.uploads += 1
            except MetricaError as error:
                self._end_in_error(upload_no, error)
                raise
            self._journal.end_upload(upload_no, "PASSED", None)
            sent.rows += self._judge.sendable(mart)
            bar(sent.rows)

    def _start_list(self, mart: Mart, items: list[dict[str, Any]]) -> int:
        body = json.dumps(items, ensure_ascii=False).encode()
        sha256 = hashlib.sha256(body).hexdigest()
        return self._start(
            Upload(mart.name, len(body), sha256, self._run.is_local),
            f"select _id, _hash from sendable_{mart.name} where _pos is not null",
        )

    def _items(self, mart: Mart) -> list[dict[str, Any]]:
        cells = ", ".join(f"{chunk.cell(c)} as {name(c.name)}" for c in mart.columns)
        key = name(mart.entity.key)
        rows = self._wh.rows(
            f"select {cells} from {HERE}{name(mart.schema)}.{name(mart.table)} s "
            f"where cast(s.{key} as text) not in "
            f"(select _id from ({self._judge.verdicts(mart)}) where _id is not null) "
            f"and s.{key} is not null order by s.{key}"
        )
        names = [c.name for c in mart.columns]
        return [_item(dict(zip(names, row, strict=True))) for row in rows]


def _item(cells: dict[str, Any]) -> dict[str, Any]:
    item = {key: value for key, value in cells.items() if value is not None}
    if "goal_action_ids" in item:
        item["goal_action_ids"] = item["goal_action_ids"].split(",")
    return item
