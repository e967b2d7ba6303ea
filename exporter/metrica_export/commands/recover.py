"""Recovery of a ledger that was restored from a backup and is behind Metrica.

For each mart the ledger gets an upload with the present state of every row and an unknown
outcome. Metrica may have any earlier state, so the next run sends each row once, and no step of
an order before its present one.
"""

from metrica_export.commands.counter_checks import check_time_zone
from metrica_export.errors import WarehouseError
from metrica_export.ledger.destination import check_destination, check_mode
from metrica_export.ledger.foreign_uploads import uploaded_at
from metrica_export.ledger.lock import run_lock
from metrica_export.ledger.reader import RECOVERED, Ledger
from metrica_export.ledger.store import open_ledger
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import MAX_ID, MODES
from metrica_export.settings import DbtSettings, Limits
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import check_relation
from metrica_export.warehouse.dbt_manifest import STATUS_PATH, Mart
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.session import open_session
from metrica_export.warehouse.sql import name, quote


def recover(dbt: DbtSettings, api: Api, mode: str) -> dict[str, int]:
    """Record that Metrica may have any state of the marts' rows; returns rows by mart.

    Sends nothing. Raises WarehouseError unless a mart is newer than the newest upload that
    Metrica lists: an older mart would replace newer values.
    """
    with open_session(dbt) as session, run_lock(session.ledger, api.counter_id) as check_lock:
        wh = session.wh
        marts = [session.marts.get(entity.name) for entity in MODES[mode]]
        for mart in marts:
            check_relation(wh, mart)
        found = Ledger(wh, api.counter_id)
        check_destination(wh, found, is_local=api.is_local)
        check_mode(wh, found, mode)
        metrica = Metrica(api, Limits().daily_requests)
        check_time_zone(metrica, marts, wh)
        _check_newer(wh, marts, metrica, session.marts.time_zone or "UTC")
        open_ledger(wh, api.counter_id, session.marts)
        journal = Journal(wh, api.counter_id)
        journal.start_run()
        check_lock()
        with wh.transaction():
            rows = {mart.name: _record_unknown(wh, journal, mart, api) for mart in marts}
        journal.finish_run(0, RECOVERED, metrica.requests, {})
        return rows


_LATEST = (
    "select max(m.updated_at) as updated_at from {rows} m where m.updated_at <= current_timestamp"
)
"""The time of the last change of a mart's rows."""


def _check_newer(wh: Attached, marts: list[Mart], metrica: Metrica, zone: str) -> None:
    times = [uploaded_at(answer, zone) for answer in metrica.outcomes().values()]
    newest_upload = max((each[-1] for each in times if each), default=0.0)
    latest = " union all ".join(
        f"select updated_at from {wh.remote(_LATEST.format(rows=rows_of(mart)))}" for mart in marts
    )
    newest_row, upload_time = wh.row(
        f"select coalesce(epoch(max(updated_at)), 0), cast(to_timestamp({newest_upload}) as text) "
        f"from ({latest})"
    )
    if newest_row <= newest_upload:
        raise WarehouseError(
            f"The marts are older than Metrica: its newest upload is of {upload_time}, and no row "
            "was updated later. Load the CRM's present data, run `dbt build`, and recover again. "
            "If nothing has changed in the CRM since, wait for the first change."
        )


_MAX_STEP = 32_767
"""The greatest step that the ledger's column can hold."""


def _record_unknown(wh: Attached, journal: Journal, mart: Mart, api: Api) -> int:
    upload_no, table = journal.next_upload(), rows_of(mart)
    key = name(mart.entity.key)
    step = "null"
    if mart.has_path:
        steps = f"length({STATUS_PATH}) - length(replace({STATUS_PATH}, ',', '')) + 1"
        step = f"least({steps}, {_MAX_STEP})"
    entity = quote(mart.name)
    # The ledger's server has no marts of another database.
    insert = wh.run if wh.has_own_marts else wh.command
    insert(
        f"insert into {LEDGER}.ledger_deliveries (upload_no, step, id) "
        f"select {upload_no}, cast({step} as smallint), cast({key} as text) from {table} m "
        f"where {key} is not null "
        # A longer id was never sent, and it does not fit into the index.
        f"and length(cast({key} as text)) <= {MAX_ID}"
    )
    wh.command(
        f"insert into {LEDGER}.ledger_uploads (upload_no, run_no, counter_id, entity, byte_count, "
        "sha256, local_api, row_count, started_at, finished_at, status) "
        f"select {upload_no}, {journal.run_no}, {api.counter_id}, {entity}, 0, '', "
        f"{api.is_local}, count(*), now(), now(), 'unknown' "
        f"from {LEDGER}.ledger_deliveries where upload_no = {upload_no}",
    )
    (rows,) = wh.row(
        f"select row_count from {LEDGER}.ledger_uploads where upload_no = ?", [upload_no]
    )
    return int(rows)
