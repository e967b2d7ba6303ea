"""What no run may do without somebody's word, computed from what Metrica was told."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.faults.states import STATUS, Applied
from tests.faults.versions import Segment, Versions

FEW = 10
"""A share of fewer rows says nothing."""
_PAID_PERCENT, _SHRINK_PERCENT = 20, 10
_ENDED = {"PAID", "CANCELLED", "SPAM"}
_OWN = {name: name for name in ("IN_PROGRESS", "PAID", "CANCELLED", "SPAM")}


def shrunk(before: Mapping[str, int], now: Mapping[str, int]) -> Iterator[str]:
    """Yield the marts that have lost more rows than one run may pass by."""
    for mart, rows in now.items():
        last = before.get(mart, 0)
        if last >= FEW and (last - rows) * 100 > _SHRINK_PERCENT * last:
            yield f"{mart} had {last} rows and has {rows}"


def overrun(
    applied: list[Applied], segments: list[Segment], versions: Versions
) -> Iterator[tuple[str, str]]:
    """Yield the runs that let more orders turn PAID than they may.

    Where a status meant something else before, what an order was is read either way.
    """
    orders = [each for each in applied if each.mart == "orders"]
    starts = [segment.after_number for segment in segments]
    of: dict[int, list[Applied]] = defaultdict(list)
    for each in orders:
        of[bisect_right(starts, each.number - 1) - 1].append(each)
    for place, told in of.items():
        segment = segments[place]
        types = _types(versions, segment)
        if segment.crowded or segment.accepted or types is None:
            continue
        known = {
            each.key: {each.kind, types.get(each.state[STATUS])}
            for each in orders
            if each.number <= segment.after_number and each.uploading_id in segment.after.passed
        }
        paid = {each.key for each in told if types.get(each.state[STATUS]) == "PAID"}
        turned = {key for key in paid & known.keys() if "PAID" not in known[key]}
        there = sum(not kinds <= _ENDED for kinds in known.values())
        if there >= FEW and len(turned) * 100 > _PAID_PERCENT * there:
            yield "gate", f"{len(turned)} orders turned PAID in a run, and {there} were open"


def _types(versions: Versions, segment: Segment) -> dict[str, str] | None:
    """Return status → type as the mart had it; None if it was not one mapping all the time."""
    found = dict(_OWN)
    for (mart, key), log in versions.of.items():
        if mart != "order_statuses":
            continue
        past = [version for version in log if version.tick <= segment.last_tick]
        if past and (past[-1].tick > segment.first_tick or past[-1].row is None):
            return None
        if past and past[-1].row:
            found[key] = past[-1].row.state.get("type", "")
    return found
