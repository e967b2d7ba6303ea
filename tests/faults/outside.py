"""What happens outside of the warehouse: faults of Metrica's, its switches, other programs."""

from contextlib import suppress
from random import Random

import requests

from tests.faults import reading
from tests.faults.row_generator import JAVASCRIPT_GOAL
from tests.faults.versions import FOREIGN
from tests.faults.world import World
from tests.support.emulator_fixture import RunningEmulator

_WHERE = (
    "POST /data/contacts/csv",
    "POST /data/orders/csv",
    *("POST /data/", "POST /data/", "POST /data/"),
    "POST /schema/",
    "GET /last_uploadings",
    "GET /schema/",
    "management",
    "",
)
_KINDS = (
    "drop_before",
    "drop_after",
    "timeout_after",
    "non_json",
    "truncated",
    *("failed", "failed", "refuse", "refuse"),
    "unknown_status",
    "delay_list",
    "slow:0.1",
    *("status", "status", "status"),
)
_STATUSES = (401, 403, 409, 420, 429, 500, 502, 503, 504)
_SWITCHES: dict[str, tuple[str | int, ...]] = {
    "content_errors": ("200_failed", "400"),
    "quota_status": ("429", "420"),
    "datetime_format": ("naive", "iso"),
    "empty_cell": ("absent", "null"),
    "statuses_post": ("upsert", "replace"),
    "products_in_list": ("off", "on"),
    "delayed_visibility": (0, 1, 3, 9),
    "duplicate_shuffle_seed": (1, 2, 3),
    "columns_mapping_required": ("off", "on"),
    "create_date_change": ("ignore", "fail"),
}
_ALSO_TYPE = 0.5
_UNHURRIED = {"requests_per_second": 100_000}
"""How fast a run may go is shown elsewhere; here nobody waits for a second to end."""


def calm(emulator: RunningEmulator) -> None:
    """Empty Metrica, and let it take requests as fast as they come."""
    emulator.reset()
    emulator.quotas(**_UNHURRIED)


def order_faults(world: World, rng: Random) -> str:
    """Ask for one to three faults of the next requests."""
    told = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        where, kind = rng.choice(_WHERE), rng.choice(_KINDS)
        if kind == "status":
            kind = f"status:{rng.choice(_STATUSES)}"
        elif kind == "delay_list":
            kind = f"delay_list:{rng.choice([1, 3, 9])}"
        elif kind == "refuse":
            kind = f"refuse:{','.join(_some_ids(world, rng))}"
        more: dict[str, object] = {
            "skip": rng.choice([0, 0, 0, 1, 2]),
            "times": rng.choice([1, 1, 2, 20]),
        }
        if rng.random() < 0.3:
            more["retry_after"] = rng.choice([0, 1, 30])
        world.emulator.fault(kind, where, **more)
        told.append(f"{kind} at {where!r} {more}")
    return "; ".join(told)


def turn_switch(world: World, rng: Random) -> str:
    """Take another reading of Metrica's documentation."""
    name = rng.choice(sorted(_SWITCHES))
    value = rng.choice(_SWITCHES[name])
    world.emulator.switches(**{name: value})
    return f"{name}={value}"


def tighten_quota(world: World, rng: Random) -> str:
    """Let the day's or the parallel quota end within the next requests."""
    if rng.random() < 0.2:
        world.emulator.quotas(parallel=0)
        return "parallel=0"
    ((most,),) = reading.ask(
        world.emulator.state,
        "select coalesce(max(n), 0) from (select count(*) as n from requests"
        " where quota_group is not null group by quota_group)",
    )
    left = rng.randint(0, 8)
    world.emulator.quotas(requests_per_day_user=int(most) + left)
    return f"{left} requests left today"


def loosen_quota(world: World) -> None:
    """Begin another day."""
    world.emulator.quotas(parallel=3, requests_per_day_user=5000)


def foreign_upload(world: World, rng: Random) -> str:
    """Another program uploads contacts to the same counter."""
    keys = [f"{FOREIGN}{rng.randint(1, 99)}-{n}" for n in range(rng.randint(1, 3))]
    rows = "".join(f"{key},somebody@else.example\n" for key in keys)
    # A fault that was meant for the export may meet this request.
    with suppress(requests.RequestException):
        world.emulator.upload(
            "/data/contacts/csv",
            f"uniq_id,emails\n{rows}",
            columns_mapping='"uniq_id":"uniq_id","emails":"emails"',
        )
    return f"{len(keys)} contacts of another program"


def add_goal(world: World) -> str:
    """Somebody makes a JavaScript goal, which may then stand as a status."""
    world.emulator.goals(JAVASCRIPT_GOAL)
    return JAVASCRIPT_GOAL


def edit_status(world: World, rng: Random) -> str:
    """Somebody edits an order status in Metrica's interface."""
    there = sorted(reading.metrica(world.emulator.state)["order_statuses"])
    if not there:
        return "there is none"
    key = rng.choice(there)
    world.edited.add(("order_statuses", key))
    edited = {"id": key, "humanized": f"Edited {rng.randint(1, 99)}"}
    if rng.random() < _ALSO_TYPE:
        edited["type"] = rng.choice(["IN_PROGRESS", "PAID", "SPAM"])
    url = f"{world.emulator.url}/debug/order_statuses"
    requests.post(url, json=edited, timeout=10).raise_for_status()
    world.drifting = True
    return key


def _some_ids(world: World, rng: Random) -> list[str]:
    known = sorted(key for mart, key in world.versions.of if mart in {"contacts", "orders"})
    ids = rng.sample(known, k=min(len(known), rng.randint(1, 3)))
    world.refused_ids.update(ids)
    return ids or ["nobody"]
