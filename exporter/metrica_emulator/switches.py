"""The points on which Metrica's documentation is silent or contradicts itself.

Each is a switch. Its default is the reading we believe; the others exist so that an
export can be shown to be right under every reading.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Any, Literal, Self, get_args

OnOff = Literal["on", "off"]
AcceptFail = Literal["accept", "fail"]


@dataclass(frozen=True, slots=True)
class Switches:
    """One value per open point; its annotation says what it decides."""

    # Who may ask, and how much.
    auth_scheme_strict: Annotated[OnOff, "only `OAuth` is a scheme; off: `Bearer` too"] = "on"
    bad_token_status: Annotated[Literal["403", "401"], "answer to an unknown token"] = "403"  # noqa: S105
    foreign_counter: Annotated[
        Literal["not_found", "access_denied"], "answer for a counter that is not the emulator's"
    ] = "not_found"
    token_scope: Annotated[
        Literal["write", "offline_data", "read"],
        "offline_data: every POST to /schema is refused; read: every POST",
    ] = "write"  # noqa: S105
    quota_status: Annotated[Literal["429", "420"], "answer when a quota is used up"] = "429"
    quota_groups: Annotated[
        Literal["by_verb", "one"], "by_verb: GET and POST are counted apart; one: together"
    ] = "by_verb"
    quota_day: Annotated[Literal["utc", "moscow"], "whose midnight begins a new day"] = "utc"
    retry_after: Annotated[OnOff, "on: a used-up quota names the seconds in Retry-After"] = "off"
    # The form of requests.
    legacy_paths: Annotated[OnOff, "on: /data/contacts and /data/orders work as well"] = "off"
    columns_mapping_required: Annotated[OnOff, "on: contacts and orders need the parameter"] = "on"
    unknown_column: Annotated[
        Literal["fail", "ignore"], "a column (or JSON key) that is no attribute"
    ] = "fail"
    orders_csv_currency: Annotated[
        Literal["known", "unknown"], "unknown: `currency` is no column of orders in CSV"
    ] = "known"
    simple_order_attributes: Annotated[
        Literal["known", "unknown"],
        "known: attributes of the entity type SIMPLE_ORDER are columns of simple orders",
    ] = "known"
    list_separator: Annotated[
        Literal["comma", "as_delimiter"],
        "as_delimiter: a SEMICOLON file separates the values in a cell by semicolons too",
    ] = "comma"
    case_sensitive: Annotated[
        OnOff, "off: enum values, column names, default statuses and md5 in any case"
    ] = "on"
    csv_lists: Annotated[
        Literal["as_json", "unbounded"],
        "as_json: a list in a cell has the JSON schema's limits, and no value twice",
    ] = "as_json"
    too_large_status: Annotated[Literal["413", "400"], "answer to a file over the limit"] = "413"
    lenient: Annotated[
        OnOff,
        "on: tolerate a byte order mark, a file part that is not text/csv, product ids with"
        " spaces or Cyrillic, CANCELED, and goal_action_ids as a bare string",
    ] = "off"
    # What rows may hold.
    contact_without_identifier: Annotated[
        AcceptFail, "fail: a contact needs a ClientID, an e-mail, a phone or a hash"
    ] = "accept"
    birth_date_before_1970: Annotated[
        Literal["fail", "accept"], "the date page allows no date before 1970 and names no exception"
    ] = "fail"
    future_create_date: Annotated[AcceptFail, "fail: nothing is created in the future"] = "accept"
    create_date_change: Annotated[
        Literal["ignore", "fail", "apply"],
        "ignore: the first creation date stays and the upload gets a warning",
    ] = "ignore"
    unknown_contact: Annotated[
        Literal["attach_later", "resend", "fail"],
        "an order whose contact is unknown is tied to it when it comes, or only when the order"
        " is sent again",
    ] = "attach_later"
    unknown_status: Annotated[
        Literal["auto", "fail"], "auto: an order status nobody mapped becomes OTHER, source AUTO"
    ] = "auto"
    unknown_goal: Annotated[
        AcceptFail, "fail: goals of orders and statuses must be JavaScript goals of the counter"
    ] = "accept"
    late_update: Annotated[
        Literal["ignore", "apply", "fail"],
        "an order's update more than 111 days after its visit began (or it was created); ignore:"
        " it is stored and not in reports",
    ] = "ignore"
    missing_simple_id: Annotated[
        AcceptFail, "accept: a simple order without an id is a new order every time"
    ] = "accept"
    simple_identifier: Annotated[
        Literal["row", "column"], "what needs one: each simple order, or the header"
    ] = "row"
    id_namespace: Annotated[
        Literal["separate", "shared"],
        "shared: an id that came by the other method is the same order",
    ] = "separate"
    # What is done with them.
    content_errors: Annotated[
        Literal["200_failed", "400"],
        "answer to a file with a bad row; with 400 the upload is not listed",
    ] = "200_failed"
    good_rows: Annotated[
        Literal["dropped", "applied", "applied_passed"],
        "of a file with a bad row; applied: although it is FAILED; applied_passed: it is PASSED,"
        " with errors",
    ] = "dropped"
    empty_cell: Annotated[
        Literal["absent", "null"],
        "absent: UPDATE and APPEND keep the old value; null: they erase it",
    ] = "absent"
    append_joins: Annotated[
        Literal["all", "identifiers"],
        "identifiers: APPEND replaces goals, products and multivalued attributes",
    ] = "all"
    duplicate_shuffle_seed: Annotated[
        int, "order in which rows of one id in a file are applied"
    ] = 1
    # Statuses, attributes, products and goals.
    statuses_post: Annotated[
        Literal["upsert", "replace"], "replace: statuses that are not sent again are forgotten"
    ] = "upsert"
    default_statuses: Annotated[
        Literal["hidden", "listed"], "listed: GET names the four before anyone maps them"
    ] = "hidden"
    default_remapping: Annotated[
        Literal["fail", "accept"], "accept: a default status may be given another type"
    ] = "fail"
    status_source_field: Annotated[
        Literal["order_status_source", "source", "none"], "its name in the list of statuses"
    ] = "order_status_source"
    attribute_again: Annotated[
        AcceptFail, "accept: an attribute that is created again takes the new form; fail: 409"
    ] = "accept"
    products_post: Annotated[
        Literal["upsert", "replace"], "replace: products that are not sent again are forgotten"
    ] = "upsert"
    cancel_spam_goals: Annotated[OnOff, "CANCELLED and SPAM reach CRM goals of their own"] = "on"
    goal_status_creates: Annotated[
        OnOff, "on: an order whose first status is a JavaScript goal reaches Order created too"
    ] = "off"
    repeated_state: Annotated[
        Literal["once", "again"], "again: every upload of a state reaches its goals once more"
    ] = "once"
    visits_from: Annotated[
        Literal["any", "counter", "contact"],
        "orders are tied only to visits after the first contact upload, or their contact's own",
    ] = "any"
    # The answers, and the list of uploads.
    upload_entity_type: Annotated[
        Literal["system", "own"], "own: CONTACT or ORDER where the newest pages have SYSTEM"
    ] = "system"
    upload_extra_fields: Annotated[
        OnOff, "off: neither api_validation_errors nor the other two undocumented fields"
    ] = "on"
    errors_echo_values: Annotated[OnOff, "on: api_validation_errors repeat what the cell held"] = (
        "off"
    )
    datetime_format: Annotated[
        Literal["naive", "moscow", "iso"],
        "an upload's datetime: the counter's wall clock, Moscow's, or UTC with a Z",
    ] = "naive"
    delayed_visibility: Annotated[
        int, "polls for which a new upload is not listed; its answer then has no status"
    ] = 0
    delayed_from_rows: Annotated[int, "rows from which an upload is delayed"] = 1
    list_order: Annotated[Literal["newest_first", "oldest_first"], "of last_uploadings"] = (
        "newest_first"
    )
    list_days: Annotated[int, "days after which an upload is no longer listed; 0: never"] = 0
    failed_listed: Annotated[OnOff, "FAILED uploads are in the list"] = "on"
    products_in_list: Annotated[OnOff, "on: product catalogues appear in last_uploadings"] = "off"
    first_party_data: Annotated[OnOff, "the counter's flag collect_first_party_data"] = "on"

    def with_values(self, values: Mapping[str, object]) -> Self:
        """Return a copy with these switches changed.

        Raises ValueError with a message that lists what is possible.
        """
        return replace(self, **{name: _checked(name, value) for name, value in values.items()})

    def as_dict(self) -> dict[str, str | int]:
        """Return every switch by name."""
        return asdict(self)

    def capitals(self, value: str) -> str:
        """Return an enum value as it is compared: in capitals, when the case is not told apart."""
        return value if self.case_sensitive == "on" else value.upper()


def describe() -> list[tuple[str, str, str]]:
    """Return name, choices (the default first) and meaning of every switch."""
    described = []
    for name, switch in _FIELDS.items():
        others = [choice for choice in _choices(name) if choice != switch.default]
        choices = (
            "|".join([str(switch.default), *others]) if others else f"{switch.default} (a number)"
        )
        described.append((name, choices, str(get_args(switch.type)[1])))
    return described


_FIELDS = {switch.name: switch for switch in fields(Switches)}


def _choices(name: str) -> tuple[str, ...]:
    return get_args(get_args(_FIELDS[name].type)[0])


def _checked(name: str, value: object) -> Any:  # noqa: ANN401 - of the field's own type
    if name not in _FIELDS:
        raise ValueError(f"There is no switch {name}. The switches are: {', '.join(_FIELDS)}.")
    text = {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
    choices = _choices(name)
    if choices and text not in choices:
        raise ValueError(f"Switch {name} takes {' or '.join(choices)}.")
    if not choices and not (text.isascii() and text.isdigit()):
        raise ValueError(f"Switch {name} takes a whole number from 0.")
    return text if choices else int(text)
