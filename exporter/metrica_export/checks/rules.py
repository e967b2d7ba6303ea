"""Metrica's rules for a mart row, as conditions over the staged rows.

Each rule names a column and gives one reason of `REASONS`. A rejected row waits until its
contents change. A held row is validated again in every run, since the cause is outside the row.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from metrica_export.checks.column_rules import conditions, is_repeated
from metrica_export.checks.deadlines import deadline
from metrica_export.checks.reasons import HELD, REJECTED
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.metrica.formats import Kind
from metrica_export.warehouse.dbt_manifest import STATUS_PATH, Mart
from metrica_export.warehouse.sql import name, quote
from metrica_export.warehouse.staging import ACCEPTED_STATUSES, DUPLICATE_IDS, MISSING_CONTACTS

UNMAPPED = "unmapped:"
"""The dbt models put this prefix before a CRM status that order_status_map lacks."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason not to send a row: `condition` is SQL that is true for a bad row."""

    reason: str
    column: str
    condition: str
    state: str = REJECTED


def rules(staged: StagedMart) -> list[Rule]:
    """Return the rules for a staged mart in their order; the first match gives the reason.

    The conditions read the staged row as `s` and its delivered state as `p`. They need the
    tables `duplicate_ids` and, for orders, `accepted_statuses` and `missing_contacts`. An empty
    optional value matches no rule.
    """
    mart, now = staged.mart, staged.now
    key = mart.entity.key
    found = [
        Rule("value_missing", key, "s._id is null"),
        Rule("hash_missing", "row_hash", "s._hash is null"),
        Rule(
            "hash_malformed",
            "row_hash",
            "not regexp_full_match(s._hash, '[0-9a-f]{32}')",
        ),
        Rule(
            "id_duplicated",
            key,
            f"s._id in (select _id from {staged.of(DUPLICATE_IDS)})",
            HELD,
        ),
    ]
    if mart.entity.has_status:
        # Before the rules of columns: a CRM status may match any of them.
        unmapped = f"starts_with(cast(s.order_status as text), {quote(UNMAPPED)})"
        found.append(Rule("status_unmapped", "order_status", unmapped, HELD))
    for column in mart.columns:
        found.extend(
            Rule(reason, column.name, condition) for reason, condition in conditions(column)
        )
        if column.name == "create_date_time":
            future = f"p._created is null and s.{column.name} > {now}"
            found.append(Rule("date_in_future", column.name, future, HELD))
    for attribute in mart.attributes:
        if attribute.multivalued:
            repeated = is_repeated(Kind.TEXT, f"cast(s.{name(attribute.name)} as text)")
            found.append(Rule("values_repeated", attribute.name, repeated))
    if mart.entity.needs_identifier:
        identifiers = [
            f"nullif(cast(s.{name(c.name)} as text), '')"
            for c in mart.columns
            if c.kind in _IDENTIFIERS
        ]
        none = f"coalesce({', '.join(identifiers) or 'null'}, null) is null"
        found.append(Rule("identifier_missing", "client_ids", none))
    if mart.entity.has_status:
        found.extend(_status_rules(mart))
    if mart.entity.needs_contact:
        found.extend(_contact_rules())
    if staged.form.hold_late:
        found.append(Rule("window_past", "create_date_time", f"{deadline(mart)} < {now}", HELD))
    return found


_IDENTIFIERS = {Kind.CLIENT_IDS, Kind.EMAILS, Kind.PHONES, Kind.MD5S}


def _status_rules(mart: Mart) -> Iterator[Rule]:
    # Metrica may count an unknown status as a sale (page "How to map order statuses").
    accepted = f"select _id from {ACCEPTED_STATUSES.name}"
    if mart.has_path:
        path = f"string_split(s.{STATUS_PATH}, ',')"
        yield Rule(
            "path_malformed",
            STATUS_PATH,
            f"{path}[-1] is distinct from s.order_status and s.{STATUS_PATH} is not null",
        )
        yield Rule(
            "status_unknown",
            STATUS_PATH,
            f"not list_has_all((select list(_id) from ({accepted})), {path})",
            HELD,
        )
    yield Rule(
        "status_unknown",
        "order_status",
        f"s.order_status not in ({accepted})",
        HELD,
    )


def _contact_rules() -> Iterator[Rule]:
    contact = "client_uniq_id"
    missing = f"cast(s.{contact} as text) in (select _id from {MISSING_CONTACTS.name}"
    yield Rule("contact_unsendable", contact, f"{missing} where _has_verdict)", HELD)
    yield Rule("contact_unknown", contact, f"{missing})", HELD)
