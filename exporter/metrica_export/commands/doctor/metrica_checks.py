"""The doctor's checks of Metrica: the token, the counter, and the schema against the marts."""

from metrica_export.commands.doctor.finding import Finding, error, ok, warning
from metrica_export.errors import GateError, MetricaError, SettingsError
from metrica_export.ledger.foreign_uploads import ADVICE, count_foreign
from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica, Status
from metrica_export.metrica.custom_attributes import differences
from metrica_export.metrica.formats import DEFAULT_STATUSES, Kind
from metrica_export.metrica.time_zones import same_zone
from metrica_export.review import status_mapping
from metrica_export.warehouse.connection import LEDGER, Attached
from metrica_export.warehouse.contract import time_zone
from metrica_export.warehouse.dbt_manifest import Mart, Marts

_SHOWN = 10
"""Names in a line at most."""


def access(api: Api, budget: int) -> tuple[Finding, tuple[Metrica, str]]:
    """Read the counter; returns Metrica and the counter's time zone too."""
    metrica = Metrica(api, budget)
    theirs = metrica.time_zone()
    found = ok("access", f"{api.url} takes the token, which may read counter {api.counter_id}")
    return found, (metrica, theirs)


def scope(wh: Attached | None, ledger: Ledger | None, api: Api) -> Finding:
    """Say what is known of the token's right to write, which only writing can show."""
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
        return ok("scope", f"reading works; Metrica last took an upload {found[0][0]}")
    return warning(
        "scope",
        "reading works; whether the token may write is not to be seen without writing",
        "See that it has the scopes metrika:read and metrika:write, and that its owner may edit "
        "the counter.",
    )


def uploads(metrica: Metrica, wh: Attached, ledger: Ledger, zone: str) -> Finding:
    """Look for uploads in Metrica's list that the ledger does not know."""
    listed = metrica.outcomes()
    foreign = count_foreign(wh, ledger, listed.values(), zone)
    if foreign:
        return warning("uploads", f"the ledger does not know {foreign} of Metrica's", ADVICE)
    return ok("uploads", f"the ledger knows the {len(listed)} newest that Metrica lists")


def zone(theirs: str, marts: Marts, wh: Attached | None) -> Finding:
    """Compare the counter's time zone with that of each mart's times, as its build recorded it.

    Without the warehouse, the zone in dbt's manifest counts.
    """
    others = []
    for mart in marts.all:
        if any(column.kind is Kind.DATETIME for column in mart.columns):
            ours = mart.time_zone if wh is None else time_zone(wh, mart)
            if not same_zone(ours, theirs):
                others.append(f"{mart.name} in {ours}")
    if not others:
        return ok("time zone", f"the counter's and the marts' is {theirs}")
    return error(
        "time zone",
        SettingsError,
        f"the counter's is {theirs}, and the times of marts are: {', '.join(others)}",
        f"Set dbt's var `counter_time_zone: {theirs}` and see that `dbt build --full-refresh` "
        "ends without an error.",
    )


def first_party_data(metrica: Metrica) -> Finding:
    """Say whether the counter collects what e-mails and phones are matched with (contacts)."""
    collects = metrica.collects_first_party_data()
    if collects:
        return ok("first-party data", "the counter collects it")
    return warning(
        "first-party data",
        "the counter does not collect it" if collects is False else "Metrica does not tell",
        "Let the counter collect first-party data in its settings: without it, visitors are "
        "matched by ClientID and hardly by e-mail or phone.",
    )


def mapping(metrica: Metrica, wh: Attached, mart: Mart, ledger: Ledger) -> Finding:
    """Compare the mapping of order statuses, and look for drift."""
    here, there, sent = (
        status_mapping.ours(wh, mart),
        metrica.statuses(),
        status_mapping.kept(wh, ledger),
    )
    if drifts := status_mapping.drift(sent, here, there):
        return error("statuses", GateError, f"{status_mapping.describe(drifts)}.", "")
    changes = [change for change in status_mapping.diff(here, there) if change.ours]
    taken = {status.id: status for status in sent}
    foreign = [c.id for c in changes if c.theirs and c.theirs != taken.get(c.id)]
    if foreign:
        return warning(
            "statuses",
            f"somebody else has mapped otherwise in Metrica: {_named(foreign)}",
            "See `metrica-export schema diff`: the next run puts the mart's mapping in its place.",
        )
    if changes:
        names = _named([change.id for change in changes])
        return ok("statuses", f"new or changed in the mart: {names}", "The next run sends them.")
    return ok("statuses", f"all {len(here)} are in Metrica as the mart maps them")


def attributes(metrica: Metrica, mart: Mart) -> Finding:
    """Compare a mart's custom attributes with Metrica's."""
    name = f"attributes of {mart.name}"
    found = differences(metrica, mart.entity, mart.attributes)
    conflicts = [each for each in found if each.is_conflict]
    if conflicts:
        return error(name, MetricaError, " ".join(each.explain() for each in conflicts), "")
    if found:
        names = _named([each.attribute.name for each in found])
        return ok(name, f"not in Metrica yet: {names}", "The run that first needs them makes them.")
    return ok(name, f"all {len(mart.attributes)} are in Metrica")


def goals(metrica: Metrica, wh: Attached, mart: Mart) -> Finding:
    """Look for goals in the mapping that are no JavaScript goals of the counter."""
    here = status_mapping.ours(wh, mart)
    try:
        there = metrica.goals()
    except MetricaError as refused:
        return warning(
            "goals",
            f"they cannot be read: {refused}",
            "Only orders whose status is a goal need them; these would wait.",
        )
    wanted = {goal for status in here for goal in status.goal_action_ids}
    missing = sorted(wanted - there)
    idle = [status.id for status in here if _reaches_nothing(status, there)]
    if not missing and not idle:
        return ok("goals", f"all {len(wanted)} of the mapping are JavaScript goals of the counter")
    parts = []
    if missing:
        parts.append(f"no JavaScript goals of the counter: {_named(missing)}")
    if idle:
        parts.append(f"statuses of type OTHER that reach no goal: {_named(idle)}")
    return warning(
        "goals",
        "; ".join(parts),
        "Make them in the counter as goals of type JavaScript event, or correct the seed. An id "
        "is what the page sends, not the goal's number.",
    )


def _reaches_nothing(status: Status, there: frozenset[str]) -> bool:
    return (
        status.type == "OTHER"
        and status.id not in there
        and status.id not in DEFAULT_STATUSES
        and not status.goal_action_ids
    )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
