"""Whether a row can be sent: Metrica's rules as conditions over a staged mart.

Every rule names the column and gives one reason out of `REASONS`. A rejected row waits
until its content changes; a held one is looked at in every run, because what it waits
for lies outside of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from metrica_export.checks.column_rules import conditions
from metrica_export.checks.sendable import deadline, staged_with_prior
from metrica_export.metrica.formats import (
    MAX_AMOUNT,
    MAX_HUMANIZED,
    MAX_VALUES,
    ORDERS,
    SIMPLE_ORDERS,
    STATUS_TYPES,
    Kind,
)
from metrica_export.warehouse.dbt_manifest import STATUS_PATH, Mart
from metrica_export.warehouse.sql import name, quote

REJECTED = "rejected"
HELD = "held"
PENDING = "pending"

UNMAPPED = "unmapped:"
"""What the dbt models put before a CRM status that order_status_map lacks."""

REASONS = {
    "value_missing": "Metrica requires the column and the row has no value in it.",
    "hash_missing": "The mart gives the row no row_hash, so its changes cannot be followed.",
    "hash_malformed": "A row_hash is an md5: 32 lower-case hexadecimal digits.",
    "id_malformed": "An id is 1 to 255 printable characters, no space first or last.",
    "name_malformed": "Metrica takes 1 to 255 of A-Z a-z 0-9 _ : - here.",
    "type_unknown": "A status type is one of " + ", ".join(STATUS_TYPES) + ".",
    "client_type_unknown": "Metrica knows the client type CONTACT only.",
    "date_out_of_range": "Metrica takes dates from 1970-01-01, and a year has four digits.",
    "date_in_future": "Metrica never changes a creation date again, so one that is still to come "
    "is held back until then.",
    "number_malformed": "A number is digits with a dot before decimals, without an exponent.",
    "amount_too_large": f"Metrica takes amounts up to {MAX_AMOUNT:,}.",
    "currency_unknown": "A currency is the ISO 4217 code, in capitals, of money in use today.",
    "too_many_values": f"Metrica takes {MAX_VALUES[Kind.CLIENT_IDS]} ClientIDs, "
    f"{MAX_VALUES[Kind.EMAILS]} values of each other identifier and "
    f"{MAX_VALUES[Kind.GOALS]} goals in a row.",
    "values_repeated": "Metrica takes each value of a list once; leave out the repeated ones.",
    "client_ids_malformed": "ClientIDs are digits, separated by commas.",
    "emails_malformed": "E-mails are lower-case, Latin, with @ and a domain, comma-separated.",
    "phones_malformed": "Phones are 7 to 15 digits with the country code, comma-separated.",
    "md5_malformed": "Hashes are 32 lower-case hexadecimal digits each, comma-separated.",
    "goals_malformed": "Goals are written goal[:price],goal[:price].",
    "products_malformed": "Products are written product:quantity with whole quantities from 1.",
    "goal_ids_malformed": "Goal ids are 1 to 10 different ones, comma-separated, without spaces "
    "or colons.",
    "humanized_too_long": f"A name for people is {MAX_HUMANIZED} characters at most.",
    "row_too_large": "The row alone is larger than a chunk may be; raise --chunk-bytes.",
    "refused_by_metrica": "Metrica refused the row when it was alone in a file.",
    "path_malformed": "The statuses of status_path are joined by commas and end with the order's "
    "own.",
    "identifier_missing": "A simple order needs a ClientID, an e-mail or a phone, or their md5.",
    "window_past": "Metrica ties no order to a visit after 21 days and updates none after 111, and "
    "--late-orders says hold.",
    "id_duplicated": "Several rows of the mart have this id; goes when one is left.",
    "status_unknown": "The status is neither mapped in order_statuses, nor one of Metrica's own, "
    "nor a JavaScript goal of the counter.",
    "status_unmapped": "The CRM's status has no row in order_status_map: add one and run "
    "dbt build.",
    "contact_unknown": "Metrica does not have the order's contact (yet).",
    "contact_unsendable": "The order's contact is itself rejected or held.",
    "refused_with_others": "Metrica refused a file with this row in it. It was not tried alone: it "
    "has something in the named column in common with refused rows, or the budget of requests "
    "ended (--split-requests).",
    "steps_left": "The order has more statuses on its path than one run sends; the next run goes "
    "on from there (--max-steps).",
    "outcome_unknown": "Metrica's answer did not say whether the upload passed; it goes again.",
}
"""The closed list of reasons, with what each means."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason not to send a row: `condition` is SQL that is true for a bad row."""

    reason: str
    column: str
    condition: str
    state: str = REJECTED


def rules(mart: Mart, now: str, *, hold_late: bool = False) -> list[Rule]:
    """Return the rules for a mart in the order in which they are tried; the first one counts.

    The conditions read `staged_<mart>` as `s` and `prior_<mart>` as `p`; `now` is SQL for the
    time in the counter's zone. They need the table `duplicated_<mart>`, made of
    `duplicated`; those of orders `known_statuses` (`_id`) and `lacking_contacts` (`_id`,
    `_is_judged`), too. None of them is true for a value that is merely absent.
    """
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
            f"s._id in (select _id from duplicated_{mart.name})",
            HELD,
        ),
    ]
    if mart.entity in (ORDERS, SIMPLE_ORDERS):
        # First of all, since the CRM's own word may look like any other status, or like none.
        unmapped = f"starts_with(cast(s.order_status as text), {quote(UNMAPPED)})"
        found.append(Rule("status_unmapped", "order_status", unmapped, HELD))
    for column in mart.columns:
        found.extend(
            Rule(reason, column.name, condition) for reason, condition in conditions(column)
        )
        if column.name == "create_date_time":
            still = f"p._created is null and s.{column.name} > {now}"
            found.append(Rule("date_in_future", column.name, still, HELD))
    if mart.entity is SIMPLE_ORDERS:
        there = [
            f"nullif(cast(s.{name(c.name)} as text), '')"
            for c in mart.columns
            if c.kind in _IDENTIFIERS
        ]
        none = f"coalesce({', '.join(there) or 'null'}, null) is null"
        found.append(Rule("identifier_missing", "client_ids", none))
    if mart.entity in (ORDERS, SIMPLE_ORDERS):
        found.extend(_status_rules(mart))
    if mart.entity is ORDERS:
        found.extend(_contact_rules())
    if hold_late:
        found.append(Rule("window_past", "create_date_time", f"{deadline(mart)} < {now}", HELD))
    return found


_IDENTIFIERS = {Kind.CLIENT_IDS, Kind.EMAILS, Kind.PHONES, Kind.MD5S}


def _status_rules(mart: Mart) -> Iterator[Rule]:
    # Never sent on a guess: an unknown status may be taken for a sale (maporderstatuses-about).
    known = "(select list(_id) from known_statuses)"
    if mart.has_path:
        path = f"string_split(s.{STATUS_PATH}, ',')"
        yield Rule(
            "path_malformed",
            STATUS_PATH,
            f"{path}[-1] is distinct from s.order_status and s.{STATUS_PATH} is not null",
        )
        yield Rule("status_unknown", STATUS_PATH, f"not list_has_all({known}, {path})", HELD)
    yield Rule(
        "status_unknown",
        "order_status",
        "s.order_status not in (select _id from known_statuses)",
        HELD,
    )


def _contact_rules() -> Iterator[Rule]:
    contact = next(c.name for c in ORDERS.columns if c.name == "client_uniq_id")
    lacking = f"cast(s.{contact} as text) in (select _id from lacking_contacts"
    yield Rule("contact_unsendable", contact, f"{lacking} where _is_judged)", HELD)
    yield Rule("contact_unknown", contact, f"{lacking})", HELD)


def no_problems(mart: Mart) -> str:
    """Return the statement that makes `problems_<mart>` without a row in it."""
    return (
        f"create or replace table problems_{mart.name} "
        "(_row bigint, _state text, _column text, _reason text, _detail text)"
    )


def duplicated(mart: Mart) -> str:
    """Return the query of the ids (`_id`) of `staged_<mart>` that several rows have."""
    return (
        f"select _id from staged_{mart.name} where _id is not null group by _id having count(*) > 1"
    )


def problems(mart: Mart, now: str, *, hold_late: bool = False) -> str:
    """Return the query of the bad rows: `_row` of `staged_<mart>`, and why (see `rules`)."""
    cases = " ".join(
        f"when {rule.condition} then {{'state': {quote(rule.state)}, "
        f"'column': {quote(rule.column)}, 'reason': {quote(rule.reason)}}}"
        for rule in rules(mart, now, hold_late=hold_late)
    )
    return (
        "select _row, _why.state as _state, _why.column as _column, _why.reason as _reason, "
        "cast(null as text) as _detail "
        f"from (select s.rowid as _row, case {cases} end as _why from {staged_with_prior(mart)}) "
        "as judged where _why is not null"
    )
