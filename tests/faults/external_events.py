"""Events outside the warehouse: Metrica's faults, switches and quotas, and other programs."""

from contextlib import suppress
from random import Random

import requests

from tests.faults import readers
from tests.faults.row_generator import JAVASCRIPT_GOAL
from tests.faults.system import SystemUnderTest
from tests.faults.version_log import FOREIGN_PREFIX
from tests.support.emulator_fixture import RunningEmulator

_ENDPOINTS = (
    "POST /data/contacts/csv",
    "POST /data/orders/csv",
    *("POST /data/", "POST /data/", "POST /data/"),
    "POST /schema/",
    "GET /last_uploadings",
    "GET /schema/",
    "management",
    "",
)
_FAULTS = (
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
_HTTP_STATUSES = (401, 403, 409, 420, 429, 500, 502, 503, 504)
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
_EDIT_TYPE_PROBABILITY = 0.5
_UNLIMITED_RATE = {"requests_per_second": 100_000}
"""Other tests cover pacing; here it would only slow the campaign down."""


def reset_metrica(emulator: RunningEmulator) -> None:
    """Empty Metrica and lift its limit of requests per second."""
    emulator.reset()
    emulator.quotas(**_UNLIMITED_RATE)


def inject_faults(system: SystemUnderTest, rng: Random) -> str:
    """Schedule one to three random faults for the next requests."""
    descriptions = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        endpoint, fault = rng.choice(_ENDPOINTS), rng.choice(_FAULTS)
        if fault == "status":
            fault = f"status:{rng.choice(_HTTP_STATUSES)}"
        elif fault == "delay_list":
            fault = f"delay_list:{rng.choice([1, 3, 9])}"
        elif fault == "refuse":
            fault = f"refuse:{','.join(_ids_to_refuse(system, rng))}"
        options: dict[str, object] = {
            "skip": rng.choice([0, 0, 0, 1, 2]),
            "times": rng.choice([1, 1, 2, 20]),
        }
        if rng.random() < 0.3:
            options["retry_after"] = rng.choice([0, 1, 30])
        system.emulator.fault(fault, endpoint, **options)
        descriptions.append(f"{fault} at {endpoint!r} {options}")
    return "; ".join(descriptions)


def set_switch(system: SystemUnderTest, rng: Random) -> str:
    """Change how the emulator interprets an ambiguous part of Metrica's documentation."""
    name = rng.choice(sorted(_SWITCHES))
    value = rng.choice(_SWITCHES[name])
    system.emulator.switches(**{name: value})
    return f"{name}={value}"


def limit_quota(system: SystemUnderTest, rng: Random) -> str:
    """Set the parallel quota to zero, or leave at most eight requests of the daily quota."""
    if rng.random() < 0.2:
        system.emulator.quotas(parallel=0)
        return "parallel=0"
    ((used,),) = readers.query_emulator(
        system.emulator.state,
        "select coalesce(max(n), 0) from (select count(*) as n from requests"
        " where quota_group is not null group by quota_group)",
    )
    left = rng.randint(0, 8)
    system.emulator.quotas(requests_per_day_user=int(used) + left)
    return f"{left} requests left today"


def restore_quota(system: SystemUnderTest) -> None:
    """Restore the parallel and the daily quota."""
    system.emulator.quotas(parallel=3, requests_per_day_user=5000)


def upload_from_other_program(system: SystemUnderTest, rng: Random) -> str:
    """Upload contacts to the same counter, as another program would."""
    keys = [f"{FOREIGN_PREFIX}{rng.randint(1, 99)}-{n}" for n in range(rng.randint(1, 3))]
    rows = "".join(f"{key},somebody@else.example\n" for key in keys)
    # A fault that was scheduled for the exporter may hit this request.
    with suppress(requests.RequestException):
        system.emulator.upload(
            "/data/contacts/csv",
            f"uniq_id,emails\n{rows}",
            columns_mapping='"uniq_id":"uniq_id","emails":"emails"',
        )
    return f"{len(keys)} contacts of another program"


def add_javascript_goal(system: SystemUnderTest) -> str:
    """Create a JavaScript goal, whose id is then valid as an order status."""
    system.emulator.goals(JAVASCRIPT_GOAL)
    return JAVASCRIPT_GOAL


def edit_order_status(system: SystemUnderTest, rng: Random) -> str:
    """Edit an order status, as a user of Metrica's interface would."""
    keys = sorted(readers.read_metrica(system.emulator.state)["order_statuses"])
    if not keys:
        return "no status to edit"
    key = rng.choice(keys)
    system.edited_rows.add(("order_statuses", key))
    edited = {"id": key, "humanized": f"Edited {rng.randint(1, 99)}"}
    if rng.random() < _EDIT_TYPE_PROBABILITY:
        edited["type"] = rng.choice(["IN_PROGRESS", "PAID", "SPAM"])
    url = f"{system.emulator.url}/debug/order_statuses"
    requests.post(url, json=edited, timeout=10).raise_for_status()
    system.has_drift = True
    return key


def _ids_to_refuse(system: SystemUnderTest, rng: Random) -> list[str]:
    keys = sorted(
        key for mart, key in system.version_log.versions if mart in {"contacts", "orders"}
    )
    ids = rng.sample(keys, k=min(len(keys), rng.randint(1, 3)))
    system.refused_ids.update(ids)
    return ids or ["nobody"]
