"""Switches: the points on which Metrica's documentation is silent or contradicts itself.

The default of a switch is the most likely reading. An export must be right under every
reading. A reading that no export can notice has no switch. A reading that a fault or a limit
produces has none either (`faults`, `quotas`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Any, Literal, Self, get_args

OnOff = Literal["on", "off"]
AcceptFail = Literal["accept", "fail"]


@dataclass(frozen=True, slots=True)
class Switches:
    """One value per open point. The annotation is its help: the readings, and why to try them."""

    # Requests.
    token_scope: Annotated[
        Literal["write", "offline_data", "read"],
        "offline_data: the token may upload but not change the schema; read: it may only read."
        " A run must stop without losing a row",
    ] = "write"  # noqa: S105
    quota_status: Annotated[
        Literal["429", "420"], "status of a used-up quota. Pages name both; each needs a retry"
    ] = "429"
    content_errors: Annotated[
        Literal["200_failed", "400"],
        "answer to a file with a bad row. After a 400 the upload is not listed and has no id",
    ] = "200_failed"
    columns_mapping_required: Annotated[
        OnOff, "off: uploads without the parameter are accepted, for uploads by hand"
    ] = "on"
    unknown_column: Annotated[
        Literal["fail", "ignore"],
        "a column or JSON key that is no attribute. ignore: its values are lost without an error",
    ] = "fail"
    orders_csv_currency: Annotated[
        Literal["known", "unknown"],
        "unknown: orders in CSV have no column `currency`, so no amount says its currency",
    ] = "known"
    list_separator: Annotated[
        Literal["comma", "as_delimiter"],
        "as_delimiter: in a SEMICOLON file a semicolon separates the values of a cell, so cells"
        " joined by commas are refused",
    ] = "comma"
    # Rows.
    contact_without_identifier: Annotated[
        AcceptFail, "fail: a contact without a ClientID, e-mail, phone or hash is a bad row"
    ] = "accept"
    create_date_change: Annotated[
        Literal["ignore", "fail"],
        "another creation date than the first. ignore: the first one stays, with a warning;"
        " fail: a bad row",
    ] = "ignore"
    unknown_contact: Annotated[
        Literal["attach_later", "fail"],
        "an order whose contact is unknown. fail: a bad row, so contacts must be uploaded first",
    ] = "attach_later"
    unknown_status: Annotated[
        Literal["auto", "fail"],
        "an order status without a mapping. auto: it becomes OTHER, with source AUTO; fail: a bad"
        " row",
    ] = "auto"
    unknown_goal: Annotated[
        AcceptFail, "fail: goals of orders and statuses must be JavaScript goals of the counter"
    ] = "accept"
    late_update: Annotated[
        Literal["ignore", "fail"],
        "an order's update more than 111 days after its visit or, without one, its creation."
        " ignore: stored, not in reports; fail: a bad row",
    ] = "ignore"
    good_rows: Annotated[
        Literal["dropped", "applied", "applied_passed"],
        "good rows of a file with a bad row. applied: stored although the file is FAILED;"
        " applied_passed: the file is PASSED, with errors, although it lacks rows",
    ] = "dropped"
    empty_cell: Annotated[
        Literal["absent", "null"],
        "an empty cell under UPDATE and APPEND. null: it erases the stored value",
    ] = "absent"
    duplicate_shuffle_seed: Annotated[
        int, "order in which rows of one id in a file are applied; Metrica's order is random"
    ] = 1
    # Statuses, attributes and products.
    statuses_post: Annotated[
        Literal["upsert", "replace"],
        "replace: each list of statuses replaces the stored one, so a partial list loses statuses",
    ] = "upsert"
    products_post: Annotated[
        Literal["upsert", "replace"],
        "replace: each list of products replaces the stored one, so a partial list loses products",
    ] = "upsert"
    default_statuses: Annotated[
        Literal["hidden", "listed"],
        "listed: GET returns the four default statuses before they are mapped. A comparison with"
        " the mapping must not report them as an edit",
    ] = "hidden"
    default_remapping: Annotated[
        Literal["fail", "accept"], "fail: a default status cannot be mapped to another type"
    ] = "fail"
    status_source_field: Annotated[
        Literal["order_status_source", "source", "none"],
        "field of a status that says who made it. Pages differ in its name; none: it is absent",
    ] = "order_status_source"
    attribute_again: Annotated[
        AcceptFail,
        "creation of an existing attribute, as after a lost answer. accept: it takes the new"
        " form; fail: 409",
    ] = "accept"
    # Answers and the list of uploads.
    upload_extra_fields: Annotated[
        OnOff,
        "off: answers lack api_validation_errors, entity_subtype and uploading_title, which no"
        " table documents, so no error text names a bad row",
    ] = "on"
    errors_echo_values: Annotated[
        OnOff, "on: api_validation_errors repeat personal data of the bad cell; none may be logged"
    ] = "off"
    datetime_format: Annotated[
        Literal["naive", "moscow", "iso"],
        "an upload's datetime: the counter's local time, Moscow's, or UTC with a Z. Uploads of"
        " other programs are recognised by it",
    ] = "naive"
    delayed_visibility: Annotated[
        int,
        "polls of the list for which a new upload is missing. Its answer has no status then, so"
        " the outcome is unknown",
    ] = 0
    failed_listed: Annotated[
        OnOff, "off: FAILED uploads are not in the list, so a lost refusal stays unknown"
    ] = "on"
    products_in_list: Annotated[
        OnOff, "on: lists of products are in the list of uploads, where they are no rows' upload"
    ] = "off"
    first_party_data: Annotated[
        OnOff, "off: the counter does not collect first-party data, so e-mails match no visit"
    ] = "on"

    # Reports.
    report_delay: Annotated[
        int,
        "minutes before an upload shows in reports and in the goals; Metrica takes up to 120. A"
        " measurement that does not wait counts too few orders",
    ] = 0
    goals_before_upload: Annotated[
        OnOff, "on: the four CRM goals are listed before the first upload, and nothing reached them"
    ] = "off"
    all_orders_spam: Annotated[
        Literal["excluded", "included"], "whether the metric of all orders counts spam"
    ] = "excluded"
    report_order_day: Annotated[
        Literal["visit", "creation"], "the day of an order in reports: its visit's, or its own"
    ] = "visit"
    report_currency: Annotated[
        Literal["own", "converted"],
        "converted: a sum of money has the orders in other currencies too. Revenue in reports can"
        " then exceed the delivered revenue in that currency",
    ] = "own"
    report_zero_rows: Annotated[
        Literal["omitted", "returned"],
        "rows of a report without any value. omitted: a day, or the only row, is missing",
    ] = "omitted"
    report_sampled: Annotated[
        Literal["off", "unless_full", "always"],
        "reports count a tenth of the visits and multiply. unless_full: not with accuracy=full;"
        " always: with it, too, so no count may be shown",
    ] = "off"
    clientid_with_orders: Annotated[
        Literal["ok", "4011"], "4011: the dimension ClientID is refused beside metrics of orders"
    ] = "ok"
    report_quota_error: Annotated[
        Literal["quota_requests_by_uid", "quota_requests_by_ip"],
        "error_type of the quota of 5 minutes. by_uid is the name of a day's quota as well",
    ] = "quota_requests_by_uid"

    def with_values(self, values: Mapping[str, object]) -> Self:
        """Return a copy with these switches changed.

        Raises ValueError with a message that lists the switches or choices.
        """
        return replace(self, **{name: _checked(name, value) for name, value in values.items()})

    def as_dict(self) -> dict[str, str | int]:
        """Return every switch by name."""
        return asdict(self)


def describe() -> list[tuple[str, str, str]]:
    """Return name, choices (the default first) and help of every switch."""
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
