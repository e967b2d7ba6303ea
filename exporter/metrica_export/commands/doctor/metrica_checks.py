"""The doctor's checks of Metrica: the token, the counter, and the schema against the marts."""

from metrica_export.commands.doctor.finding import Finding, error, ok, warning
from metrica_export.errors import GateError, MetricaError, SettingsError
from metrica_export.ledger.foreign_uploads import ADVICE, count_foreign
from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica, Status
from metrica_export.metrica.custom_attributes import differences
from metrica_export.metrica.formats import DEFAULT_STATUSES, Kind
from metrica_export.metrica.patience import QUICK
from metrica_export.metrica.time_zones import same_zone
from metrica_export.review import status_mapping
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import time_zone
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.marks import LEDGER

_SHOWN = 10
"""Maximum number of names in a line."""


def access(api: Api, budget: int) -> tuple[Finding, tuple[Metrica, str]]:
    """Read the counter; return the finding, the API and the counter's time zone."""
    metrica = Metrica(api, budget, QUICK)
    counter_zone = metrica.time_zone()
    found = ok("access", f"{api.url} accepts the token, which may read counter {api.counter_id}")
    return found, (metrica, counter_zone)


def scope(wh: Attached | None, ledger: Ledger | None, api: Api) -> Finding:
    """Check the token's right to write, which only an upload can prove."""
    found = (
        wh is not None
        and ledger is not None
        and ledger.exists
        and wh.rows(
            f"select cast(max(finished_at) as text) from {LEDGER}.ledger_uploads "
            "where counter_id = ? and status = 'PASSED' and local_api = ?",
            [api.counter_id, api.is_local],
        )
    )
    if found and found[0][0]:
        return ok("scope", f"read access works; Metrica last accepted an upload {found[0][0]}")
    return warning(
        "scope",
        "Read access works. Write access can only be verified by uploading",
        "Check that the token has the scopes metrika:read and metrika:write, and that its owner "
        "may edit the counter.",
    )


def uploads(metrica: Metrica, wh: Attached, ledger: Ledger, zone: str) -> Finding:
    """Look for uploads in Metrica's list that the ledger does not know."""
    listed = metrica.outcomes()
    foreign = count_foreign(wh, ledger, listed.values(), zone)
    if foreign:
        found = f"the ledger does not know {foreign} of the uploads that Metrica lists"
        return warning("uploads", found, ADVICE)
    if not listed:
        return ok("uploads", "Metrica lists no upload")
    return ok("uploads", f"the ledger knows the {len(listed)} newest uploads that Metrica lists")


def zone(counter_zone: str, marts: Marts, wh: Attached | None) -> Finding:
    """Compare the counter's time zone with the zone that each mart's build recorded.

    Without the warehouse, the zone in dbt's manifest counts.
    """
    others = []
    for mart in marts.all:
        if any(column.kind is Kind.DATETIME for column in mart.columns):
            mart_zone = mart.time_zone if wh is None else time_zone(wh, mart)
            if not same_zone(mart_zone, counter_zone):
                others.append(f"{mart.name} in {mart_zone}")
    if not others:
        return ok("time zone", f"the counter and the marts use {counter_zone}")
    return error(
        "time zone",
        SettingsError,
        f"the counter uses {counter_zone}, but marts use another zone: {', '.join(others)}",
        f"Set dbt's var `counter_time_zone: {counter_zone}` and run `dbt build --full-refresh` "
        "until it succeeds.",
    )


def first_party_data(metrica: Metrica) -> Finding:
    """Check that the counter collects first-party data.

    Metrica needs it to match visitors by e-mail and phone (page "How to transmit customer and
    order data from a CRM").
    """
    collects = metrica.collects_first_party_data()
    if collects:
        return ok("first-party data", "the counter collects it")
    return warning(
        "first-party data",
        "the counter does not collect it"
        if collects is False
        else "Metrica's answer does not say whether the counter collects it",
        "Turn on the collection of first-party data in the counter's settings. Without it, "
        "Metrica matches visitors by ClientID and hardly by e-mail or phone.",
    )


def mapping(metrica: Metrica, wh: Attached, mart: Mart, ledger: Ledger) -> Finding:
    """Compare the mapping of order statuses, and look for drift."""
    in_mart, in_metrica, delivered = (
        status_mapping.mart_statuses(wh, mart),
        metrica.statuses(),
        status_mapping.delivered_statuses(wh, ledger),
    )
    if drifts := status_mapping.drift(delivered, in_mart, in_metrica):
        return error("statuses", GateError, f"{status_mapping.describe(drifts)['en']}.", "")
    changes = [change for change in status_mapping.diff(in_mart, in_metrica) if change.in_mart]
    by_id = {status.id: status for status in delivered}
    foreign = [c.id for c in changes if c.in_metrica and c.in_metrica != by_id.get(c.id)]
    if foreign:
        return warning(
            "statuses",
            f"Metrica has another mapping, which no run delivered: {_listed(foreign)}",
            "Check `metrica-export schema diff`. The next run replaces it with the mart's mapping.",
        )
    if changes:
        names = _listed([change.id for change in changes])
        return ok("statuses", f"new or changed in the mart: {names}", "The next run sends them.")
    return ok("statuses", f"Metrica maps all {len(in_mart)} as the mart does")


def attributes(metrica: Metrica, mart: Mart) -> Finding:
    """Compare a mart's custom attributes with Metrica's."""
    name = f"attributes of {mart.name}"
    found = differences(metrica, mart.entity, mart.attributes)
    conflicts = [each for each in found if each.is_conflict]
    if conflicts:
        return error(name, MetricaError, " ".join(each.explain() for each in conflicts), "")
    if found:
        names = _listed([each.attribute.name for each in found])
        advice = "The run that first needs them creates them."
        return ok(name, f"not in Metrica yet: {names}", advice)
    return ok(name, f"all {len(mart.attributes)} are in Metrica")


def goals(metrica: Metrica, wh: Attached, mart: Mart) -> Finding:
    """Look for goals in the mapping that are not JavaScript goals of the counter."""
    statuses = status_mapping.mart_statuses(wh, mart)
    try:
        counter_goals = metrica.goals()
    except MetricaError as refused:
        return warning(
            "goals",
            f"the counter's goals cannot be read: {refused}",
            "Only orders whose status is a goal need them; a run would hold these orders.",
        )
    mapped_goals = {goal for status in statuses for goal in status.goal_action_ids}
    missing = sorted(mapped_goals - counter_goals)
    idle = [status.id for status in statuses if _reaches_no_goal(status, counter_goals)]
    if not missing and not idle:
        found = f"all {len(mapped_goals)} of the mapping are JavaScript goals of the counter"
        return ok("goals", found if mapped_goals else "the mapping has none")
    parts = []
    if missing:
        parts.append(f"no JavaScript goals of the counter: {_listed(missing)}")
    if idle:
        parts.append(f"statuses of type OTHER that reach no goal: {_listed(idle)}")
    return warning(
        "goals",
        "; ".join(parts),
        "Create them in the counter as goals of type JavaScript event, or correct the seed. The "
        "id of a goal is the event's name that the page sends, not the goal's number.",
    )


def _reaches_no_goal(status: Status, counter_goals: frozenset[str]) -> bool:
    return (
        status.type == "OTHER"
        and status.id not in counter_goals
        and status.id not in DEFAULT_STATUSES
        and not status.goal_action_ids
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
