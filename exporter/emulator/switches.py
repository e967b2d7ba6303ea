"""The points on which Metrica's documentation is silent or contradicts itself.

Each is a switch. Its default is the reading we believe; the others exist so that an
export can be shown to be right under every reading.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Any, Literal, Self, get_args

OnOff = Literal["on", "off"]


@dataclass(frozen=True, slots=True)
class Switches:
    """One value per open point; its annotation says what it decides."""

    auth_scheme_strict: Annotated[OnOff, "only `OAuth` is a scheme; off: `Bearer` too"] = "on"
    bad_token_status: Annotated[Literal["403", "401"], "answer to an unknown token"] = "403"  # noqa: S105
    foreign_counter: Annotated[
        Literal["not_found", "access_denied"], "answer for a counter that is not the emulator's"
    ] = "not_found"
    token_scope: Annotated[Literal["write", "read"], "read: every POST is refused"] = "write"  # noqa: S105
    quota_status: Annotated[Literal["429", "420"], "answer when a quota is used up"] = "429"
    legacy_paths: Annotated[OnOff, "on: /data/contacts and /data/orders work as well"] = "off"
    columns_mapping_required: Annotated[OnOff, "on: contacts and orders need the parameter"] = "off"
    unknown_column: Annotated[
        Literal["fail", "ignore"], "a column (or JSON key) that is no attribute"
    ] = "fail"
    empty_cell: Annotated[
        Literal["absent", "null"],
        "absent: UPDATE and APPEND keep the old value; null: they erase it",
    ] = "absent"
    unknown_status: Annotated[
        Literal["auto", "fail"], "auto: an order status nobody mapped becomes OTHER, source AUTO"
    ] = "auto"
    cancel_spam_goals: Annotated[OnOff, "CANCELLED and SPAM reach CRM goals of their own"] = "on"
    missing_simple_id: Annotated[
        Literal["accept", "fail"], "accept: a simple order without an id is a new order every time"
    ] = "accept"
    create_date_change: Annotated[
        Literal["ignore", "fail"],
        "ignore: the first creation date stays and the upload gets a warning",
    ] = "ignore"
    birth_date_before_1970: Annotated[
        Literal["fail", "accept"], "the date page allows no date before 1970 and names no exception"
    ] = "fail"
    content_errors: Annotated[
        Literal["200_failed", "400"],
        "answer to a file with a bad row; with 400 the upload is not listed",
    ] = "200_failed"
    datetime_format: Annotated[
        Literal["naive", "iso"], "an upload's datetime: the counter's wall clock, or UTC with a Z"
    ] = "naive"
    delayed_visibility: Annotated[
        int, "polls for which a new upload is not listed; its answer then has no status"
    ] = 0
    duplicate_shuffle_seed: Annotated[
        int, "order in which rows of one id in a file are applied"
    ] = 1
    statuses_post: Annotated[
        Literal["upsert", "replace"], "replace: statuses that are not sent again are forgotten"
    ] = "upsert"
    products_in_list: Annotated[OnOff, "on: product catalogues appear in last_uploadings"] = "off"
    first_party_data: Annotated[OnOff, "the counter's flag collect_first_party_data"] = "on"
    lenient: Annotated[
        OnOff,
        "on: tolerate a byte order mark, a file part that is not text/csv, product ids with"
        " spaces or Cyrillic, CANCELED, and goal_action_ids as a bare string",
    ] = "off"

    def with_values(self, values: Mapping[str, object]) -> Self:
        """Return a copy with these switches changed.

        Raises ValueError with a message that lists what is possible.
        """
        return replace(self, **{name: _checked(name, value) for name, value in values.items()})

    def as_dict(self) -> dict[str, str | int]:
        """Return every switch by name."""
        return asdict(self)


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
