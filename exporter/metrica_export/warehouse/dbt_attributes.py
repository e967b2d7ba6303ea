"""The custom attributes that dbt's var `metrica_attributes` or the YAML of a model declares."""

import re
from typing import Any

from metrica_export.errors import SettingsError
from metrica_export.metrica.formats import ATTRIBUTE_TYPES, RESERVED, Attribute, Kind
from metrica_export.warehouse.dbt_models import metrica_meta

_NAME = re.compile(r"[A-Za-z0-9_:-]{1,255}")

KIND_OF_TYPE = {
    "numeric": Kind.NUMBER,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
    "email": Kind.EMAILS,
    "text": Kind.TEXT,
}


_KEYS = {"type", "humanized", "multivalued", "send", "name", "column", "scale"}


def column_meta(label: str, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return `meta.metrica` of a column, empty without one.

    Raises SettingsError for a key that nobody reads: a misspelt `send: false` would send the
    column.
    """
    for holder in (entry.get("config"), entry):
        meta = holder.get("meta") if isinstance(holder, dict) else None
        if isinstance(meta, dict) and (
            "send" in meta or not isinstance(meta.get("metrica"), dict | None)
        ):
            raise SettingsError(
                f"{label}: `meta` of {name} is not read. Write it as `meta: {{metrica: {{…}}}}`, "
                "for example `meta: {metrica: {send: false}}`."
            )
    found = metrica_meta(entry)
    if unknown := sorted(str(key) for key in found.keys() - _KEYS):
        raise SettingsError(
            f"{label}: `meta.metrica` of {name} has the unknown key {', '.join(unknown)}. The keys "
            "are send, type, humanized and multivalued."
        )
    return found


def read_choice(label: str, name: str, meta: dict[str, Any], key: str, *, default: bool) -> bool:
    """Return a yes or no of a column's `meta`; SettingsError for anything else, such as a text."""
    found = meta.get(key)
    if not isinstance(found, bool | None):
        raise SettingsError(
            f"{label}: `{key}` of {name} is {found!r}. Set it to true or false, without quotes."
        )
    return default if found is None else found


def read_attribute(label: str, name: str, meta: dict[str, Any]) -> Attribute:
    """Return the custom attribute that `meta` declares; SettingsError for a bad one."""
    type_name = meta.get("type")
    if type_name not in ATTRIBUTE_TYPES:
        raise SettingsError(
            f"{label}: {name} is not a column of Metrica, so it is a custom attribute without a "
            f"type. Set `type: {'|'.join(ATTRIBUTE_TYPES)}` in dbt's var metrica_attributes, or in "
            "`meta: {metrica: …}` of its YAML entry."
        )
    if name in RESERVED:
        raise SettingsError(
            f"{label}: Metrica reserves the name {name}, so no custom attribute may have it. "
            "Rename the column."
        )
    if not _NAME.fullmatch(name) or name.startswith("_"):
        raise SettingsError(
            f"{label}: {name!r} is not a valid attribute name. Rename it with A-Z a-z 0-9 _ : - "
            "only, and without _ at the beginning, which the exporter reserves."
        )
    return Attribute(
        name=name,
        type_name=type_name,
        humanized=str(meta.get("humanized") or name),
        multivalued=read_choice(label, name, meta, "multivalued", default=False),
    )
