"""The flow of a run: statuses and products, then contacts, then orders (data: order of work)."""

import hashlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter import checks, chunk
from exporter.delta import Delta
from exporter.entries import EntityCounts, Upload
from exporter.errors import MetricaError, SettingsError
from exporter.judge import LISTS, Judge
from exporter.manifest import Mart, Marts
from exporter.marts import CONTACTS, MAX_CATALOGUE, ORDER_STATUSES, ORDERS
from exporter.metrica import Metrica
from exporter.report import Reporter
from exporter.warehouse import HERE, name, quote

_ENTITY_TYPES = {CONTACTS.name: "CONTACT", ORDERS.name: "ORDER"}  # createAttributes


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


def check_time_zone(metrica: Metrica, marts: Marts) -> None:
    """Refuse marts whose times are not in the counter's zone; SettingsError says which is which.

    An hour's shift would tie orders to other visits, or to none (contacts-data).
    """
    theirs = metrica.time_zone()
    if marts.time_zone != theirs:
        raise SettingsError(
            f"The counter's time zone is {theirs} and the marts are in {marts.time_zone}: set "
            f"dbt's var `counter_time_zone: {theirs}` and run `dbt build --full-refresh`."
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its number in the ledger, where files are made, and a check of its lock.

    `check_lock` raises LedgerError once the lock is lost.
    """

    number: int
    staging: Path
    is_local: bool
    check_lock: Callable[[], None]


@dataclass(slots=True)
class _Sent:
    rows: int = 0
    uploads: int = 0


class Sync:
    """One run: sends the difference between marts and ledger, mart by mart."""

    def __init__(self, judge: Judge, metrica: Metrica, report: Reporter, run: Run) -> None:
        """Take what a run needs; nothing is sent yet."""
        self._judge, self._metrica, self._report, self._run = judge, metrica, report, run
        self._wh, self._ledger = judge.wh, judge.ledger
        self._split_budget = judge.limits.split_requests

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
        sent = _Sent()
        error = None
        try:
            if self._judge.sendable(mart):
                if mart.entity in LISTS:
                    self._send_list(mart, sent)
                else:
                    self._ensure_attributes(mart)
                    self._send_files(mart, sent)
        except MetricaError as caught:
            error = caught
        self._ledger.end_pass(
            self._run.number,
            mart.name,
            self._judge.verdicts(mart),
            delta.watermark if error is None else None,
        )
        return self._counts(delta, sent), error

    def _counts(self, delta: Delta, sent: _Sent) -> EntityCounts:
        return self._judge.counts(delta, sent.rows, sent.uploads)

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

    def _send_files(self, mart: Mart, sent: _Sent) -> None:
        total = self._judge.sendable(mart)
        waiting = deque(chunk.cut(self._wh, mart, self._judge.limits))
        with self._report.progress(mart.name, total) as bar:
            while waiting:
                part = waiting.popleft()
                status = self._send_file(mart, part, sent)
                halves = part.halves()
                if status == "FAILED" and len(halves) <= self._split_budget and part.rows > 1:
                    self._split_budget -= len(halves)
                    waiting.extendleft(reversed(halves))
                    continue
                self._settle(mart, part, status)
                bar(part.rows)

    def _send_file(self, mart: Mart, part: chunk.Chunk, sent: _Sent) -> str:
        self._run.check_lock()
        path = self._run.staging / f"{mart.name}.csv"
        file = chunk.write(self._wh, mart, part, path)
        upload_no = self._ledger.start_upload(
            Upload(self._run.number, mart.name, file.size, file.sha256, self._run.is_local),
            f"select _id, _hash from sendable_{mart.name} "
            f"where _pos between {part.first} and {part.last}",
        )
        try:
            answer = self._metrica.upload(mart.entity, [c.name for c in mart.columns], path)
        except MetricaError:
            self._ledger.end_upload(upload_no, "unknown", None)
            raise
        finally:
            path.unlink(missing_ok=True)
        self._ledger.end_upload(upload_no, answer.status, answer.uploading_id)
        sent.uploads += 1
        if answer.status == "PASSED":
            sent.rows += part.rows
        return answer.status

    def _settle(self, mart: Mart, part: chunk.Chunk, status: str) -> None:
        if status == "PASSED":
            return
        if status == "unknown":
            state, reason = checks.HELD, "outcome_unknown"
        elif part.rows == 1:
            state, reason = checks.REJECTED, "refused_by_metrica"
        else:
            state, reason = checks.HELD, "refused_with_others"
        self._report.line(f"{mart.name}: {part.rows} rows {state}: {checks.REASONS[reason]}")
        self._wh.run(
            f"insert into problems_{mart.name} select _row, {quote(state)}, null, {quote(reason)} "
            f"from sendable_{mart.name} where _pos between {part.first} and {part.last}"
        )

    def _send_list(self, mart: Mart, sent: _Sent) -> None:
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
            except MetricaError:
                self._ledger.end_upload(upload_no, "unknown", None)
                raise
            self._ledger.end_upload(upload_no, "PASSED", None)
            sent.rows += self._judge.sendable(mart)
            bar(sent.rows)

    def _start_list(self, mart: Mart, items: list[dict[str, Any]]) -> int:
        self._run.check_lock()
        body = json.dumps(items, ensure_ascii=False).encode()
        sha256 = hashlib.sha256(body).hexdigest()
        return self._ledger.start_upload(
            Upload(self._run.number, mart.name, len(body), sha256, self._run.is_local),
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
