"""Metrica's entities as the emulator takes them; an export uses less of them."""

from dataclasses import replace

from metrica_export.metrica.formats import CONTACTS, ORDERS, Entity, Kind
from metrica_export.metrica.formats import SIMPLE_ORDERS as EXPORTED

_OPTIONAL = ("id", "order_status")

SIMPLE_ORDERS = replace(
    EXPORTED,
    columns=tuple(
        replace(column, required=column.required and column.name not in _OPTIONAL)
        for column in EXPORTED.columns
    ),
)
"""Metrica accepts a simple order without an id or a status."""

IDENTIFIERS = ("client_ids", "emails", "phones", "emails_md5", "phones_md5")
"""Columns that match a contact or a simple order with visitors."""

ENTITY_TYPES = {
    "CONTACT": CONTACTS,
    "ORDER": ORDERS,
    "SIMPLE_ORDER": SIMPLE_ORDERS,
    "COMPANY": None,
}
"""Values of the parameter `entity_type`. Companies have no columns here."""

JSON_KINDS = frozenset(
    {Kind.CLIENT_IDS, Kind.EMAILS, Kind.PHONES, Kind.MD5S, Kind.GOALS, Kind.PRODUCTS}
)
"""Kinds whose value is a list or a map, stored as JSON."""


def entity_type_of(entity: Entity) -> str:
    """Return the entity type under which an entity's custom attributes are stored."""
    return next(name for name, known in ENTITY_TYPES.items() if known is entity)
