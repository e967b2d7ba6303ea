"""The two management methods that an exporter needs: the counter and its goals."""

import sqlite3
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from metrica_emulator import body
from metrica_emulator.clock import STORED
from metrica_emulator.metrica import Metrica, serving
from metrica_emulator.orders import CRM_GOALS
from metrica_emulator.refusal import invalid

_FIRST_OWN = 1_000_001
"""Number of Metrica's first own goal, above the numbers of created goals."""


async def get_counter(request: Request) -> Response:
    """GET /management/v1/counter/{id}. Flags are returned on request only."""
    metrica = serving(request)
    counter: dict[str, Any] = {
        "id": metrica.options.counter,
        "status": "Active",
        "name": "Emulated counter",
        "site": "example.com",
        "time_zone_name": metrica.options.time_zone,
        "time_zone_offset": metrica.clock.offset_minutes(),
    }
    if "counter_flags" in request.query_params.get("field", "").split(","):
        collected = metrica.switches.first_party_data == "on"
        counter["counter_flags"] = {"collect_first_party_data": collected}
    return JSONResponse({"counter": counter})


async def get_goals(request: Request) -> Response:
    """GET /management/v1/counter/{id}/goals."""
    metrica = serving(request)

    def load(connection: sqlite3.Connection) -> tuple[list[Any], bool]:
        rows = connection.execute("select * from goals order by id").fetchall()
        return rows, _has_crm_goals(connection, metrica)

    rows, has_crm_goals = await metrica.store.run(load)
    goals = [_goal(*row) for row in rows]
    if has_crm_goals:
        # No record shows their conditions.
        goals += [
            {"id": number, "name": name, "type": type_, "goal_source": "auto"}
            for number, (type_, name) in enumerate(CRM_GOALS.items(), _FIRST_OWN)
        ]
    return JSONResponse({"goals": goals})


def goal_numbers(connection: sqlite3.Connection, metrica: Metrica) -> dict[int, str]:
    """Return number → name of a reached goal (a JavaScript goal's id, a CRM goal's name)."""
    rows = connection.execute("select id, goal_action_id from goals")
    own = CRM_GOALS.values() if _has_crm_goals(connection, metrica) else ()
    return {**{row[0]: row[1] for row in rows}, **dict(enumerate(own, _FIRST_OWN))}


def _has_crm_goals(connection: sqlite3.Connection, metrica: Metrica) -> bool:
    """Return whether an upload was accepted and processed: Metrica then creates its own goals."""
    if metrica.switches.goals_before_upload == "on":
        return True
    until = metrica.clock.reported_until(metrica.switches.report_delay).strftime(STORED)
    accepted = (
        "select 1 from uploads where status = 'PASSED' and entity <> 'products'"
        " and uploaded_at_utc <= ? limit 1"
    )
    return connection.execute(accepted, (until,)).fetchone() is not None


async def create_goal(request: Request) -> Response:
    """POST /management/v1/counter/{id}/goals, for JavaScript goals only."""
    metrica = serving(request)
    content, _ = await body.json_content(request)
    goal = content.get("goal") if isinstance(content, dict) else None
    if not isinstance(goal, dict) or not isinstance(goal.get("name"), str) or not goal["name"]:
        raise invalid("Expected a goal with a name.", "goal")
    if goal.get("type") != "action":
        raise invalid("The emulator knows goals of type action only.", "goal.type")
    conditions = goal.get("conditions")
    condition = conditions[0] if isinstance(conditions, list) and len(conditions) == 1 else None
    url = condition.get("url") if isinstance(condition, dict) else None
    if not isinstance(condition, dict) or condition.get("type") != "exact":
        raise invalid("Expected one condition of type exact.", "goal.conditions")
    if not isinstance(url, str) or not url:
        raise invalid("Expected the goal's id.", "goal.conditions[0].url")
    values = (goal["name"], url)

    def save(connection: sqlite3.Connection) -> int:
        query = "insert into goals (name, goal_action_id) values (?, ?) returning id"
        return int(connection.execute(query, values).fetchone()[0])

    return JSONResponse({"goal": _goal(await metrica.store.run(save), *values)})


def _goal(number: int, name: str, goal_action_id: str) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "type": "action",
        "conditions": [{"type": "exact", "url": goal_action_id}],
    }
