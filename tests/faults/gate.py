"""The limits of the gate for PAID orders and lost rows, computed from Metrica's states."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.faults.states import STATUS, AppliedState
from tests.faults.version_log import RunInterval, VersionLog

MIN_ROWS = 10
"""The limits do not apply to fewer rows."""
_PAID_PERCENT, _SHRINK_PERCENT = 20, 10
_FINAL_TYPES = {"PAID", "CANCELLED", "SPAM"}
_DEFAULT_TYPES = {name: name for name in ("IN_PROGRESS", "PAID", "CANCELLED", "SPAM")}


def shrink_violations(before: Mapping[str, int], now: Mapping[str, int]) -> Iterator[str]:
    """Yield a message for each mart that lost more rows than the gate accepts."""
    for mart, rows in now.items():
        rows_before = before.get(mart, 0)
        if rows_before >= MIN_ROWS and (rows_before - rows) * 100 > _SHRINK_PERCENT * rows_before:
            yield f"{mart} had {rows_before} rows and has {rows}"


def paid_violations(
    applied: list[AppliedState], intervals: list[RunInterval], version_log: VersionLog
) -> Iterator[tuple[str, str]]:
    """Yield a violation for each run in which too many open orders became PAID.

    An order belongs to the run that sent the first status of its version, as in the gate: later
    runs only send the rest of its path. If the type of a status changed, an order may have had
    the old or the new type before the run.
    """
    orders = [state for state in applied if state.mart == "orders"]
    starts = [interval.last_sequence for interval in intervals]
    orders_by_run: dict[int, list[AppliedState]] = defaultdict(list)
    first_runs: dict[tuple[str, int], int] = {}
    for order in orders:
        number = bisect_right(starts, order.sequence - 1) - 1
        version = version_log.number_of("orders", order.key, intervals[number].last_tick)
        orders_by_run[first_runs.setdefault((order.key, version), number)].append(order)
    for number, run_orders in orders_by_run.items():
        interval = intervals[number]
        types = _status_types(version_log, interval)
        if interval.has_concurrent_changes or interval.limits_accepted or types is None:
            continue
        passed = interval.ledger_after.passed_uploads
        types_before = {
            order.key: {order.status_type, types.get(order.state[STATUS])}
            for order in orders
            if order.sequence <= interval.last_sequence and order.uploading_id in passed
        }
        paid = {order.key for order in run_orders if types.get(order.state[STATUS]) == "PAID"}
        newly_paid = {key for key in paid & types_before.keys() if "PAID" not in types_before[key]}
        open_orders = sum(not order_types <= _FINAL_TYPES for order_types in types_before.values())
        if open_orders >= MIN_ROWS and len(newly_paid) * 100 > _PAID_PERCENT * open_orders:
            yield "gate", f"{len(newly_paid)} of {open_orders} open orders became PAID in a run"


def _status_types(version_log: VersionLog, interval: RunInterval) -> dict[str, str] | None:
    """Return the mart's type of each status; None if a status changed during the run."""
    types = dict(_DEFAULT_TYPES)
    for (mart, key), versions in version_log.versions.items():
        if mart != "order_statuses":
            continue
        past = [version for version in versions if version.tick <= interval.last_tick]
        if past and (past[-1].tick > interval.first_tick or past[-1].row is None):
            return None
        if past and past[-1].row:
            types[key] = past[-1].row.state.get("type", "")
    return types
