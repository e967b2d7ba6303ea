"""The delivery of reference lists: order statuses and products, always sent as a whole."""

import hashlib
import json
from typing import Any

from metrica_export.checks.cells import cell
from metrica_export.checks.sendable import deliveries
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.checks.verdicts import verdicts
from metrica_export.delivery.uploader import Uploader
from metrica_export.ledger.records import Upload
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.formats import MAX_CATALOGUE, ORDER_STATUSES
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql import name
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of


def count_requests(rows: int) -> int:
    """Return the number of requests for a reference list of so many rows."""
    return -(-rows // MAX_CATALOGUE)


def send_list(
    wh: Attached, uploader: Uploader, staged: StagedMart, changed: int
) -> tuple[int, int, int]:
    """Send the whole list, `changed` rows of it new.

    Returns the upload's number, and the number of requests and of bytes.

    Metrica does not document whether a list replaces or extends the earlier one (pages "Order
    status mapping", "Creating a product list"). The whole list is right in both cases.
    """
    parts = list_parts(wh, staged)
    items = [item for part in parts for item in part]
    is_mapping = staged.mart.entity is ORDER_STATUSES
    put = uploader.metrica.put_statuses if is_mapping else uploader.metrica.put_products

    body = json.dumps(items, ensure_ascii=False).encode()
    sha256 = hashlib.sha256(body).hexdigest()
    upload = Upload(staged.name, len(body), sha256, uploader.is_local, changed)
    upload_no = uploader.journal.next_upload()
    uploader.journal.prepare_upload(upload_no, upload, deliveries(staged))
    with uploader.entry(upload_no) as record:
        for part in parts:
            put(part)
        if is_mapping:
            # Recorded before the upload counts, so that the mapping is never older than the upload.
            uploader.journal.dictionaries.record_statuses(
                f"select id, type, humanized, goal_action_ids from ({_rows(staged)})"
            )
        record(Answer("PASSED", None), changed)
    return upload_no, len(parts), len(body)


def list_parts(wh: Attached, staged: StagedMart) -> list[list[dict[str, Any]]]:
    """Return the items of the whole list, in one part for each request."""
    items = _items(wh, staged)
    return [items[i : i + MAX_CATALOGUE] for i in range(0, len(items), MAX_CATALOGUE)]


def _rows(staged: StagedMart) -> str:
    mart = staged.mart
    cells = [f"{cell(column)} as {name(column.name)}" for column in mart.columns]
    cells += [
        f"cast(null as text) as {name(column.name)}"
        for column in mart.entity.columns
        if column not in mart.columns
    ]
    return render(
        __package__,
        "list_rows",
        cells=", ".join(cells),
        key=name(mart.entity.key),
        verdicts=verdicts(staged),
        **tables_of(staged.name),
    )


def _items(wh: Attached, staged: StagedMart) -> list[dict[str, Any]]:
    names = [column.name for column in staged.mart.columns]
    columns, key = ", ".join(map(name, names)), name(staged.mart.entity.key)
    found = wh.rows(f"select {columns} from ({_rows(staged)}) order by {key}")
    return [_item(dict(zip(names, row, strict=True))) for row in found]


def _item(cells: dict[str, Any]) -> dict[str, Any]:
    item = {key: value for key, value in cells.items() if value is not None}
    if "goal_action_ids" in cells:
        # An empty list removes goals; no page says that a missing list does.
        goals = cells["goal_action_ids"]
        item["goal_action_ids"] = goals.split(",") if goals else []
    return item
