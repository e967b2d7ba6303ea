"""What an export never uses and Metrica takes: optional columns, and what JSON adds."""

from dataclasses import replace

from metrica_export.metrica.formats import CONTACTS, ORDERS, Kind
from metrica_export.metrica.formats import SIMPLE_ORDERS as EXPORTED

_OPTIONAL = ("id", "order_status")

SIMPLE_ORDERS = replace(
    EXPORTED,
    columns=tuple(
        replace(column, required=column.required and column.name not in _OPTIONAL)
        for column in EXPORTED.columns
    ),
)
"""Metrica takes a simple order without an id or a status (simple-orders-data)."""

IDENTIFIERS = ("client_ids", "emails", "phones", "emails_md5", "phones_md5")
"""A simple order needs one of them (simple-orders-data); a contact is matched by them."""

JSON_ONLY = {
    CONTACTS.name: ("attribute_values", "user_comment"),
    ORDERS.name: ("attribute_values", "user_comment"),
}
"""Keys of the JSON schemas that no CSV column has (uploadContactJson_1, uploadOrdersJson_1)."""

ENTITY_TYPES = {
    "CONTACT": CONTACTS,
    "ORDER": ORDERS,
    "SIMPLE_ORDER": SIMPLE_ORDERS,
    "COMPANY": None,
}
"""Whose attributes a request is about (createAttributes); companies have none here."""

JSON_KINDS = frozenset(
    {Kind.CLIENT_IDS, Kind.EMAILS, Kind.PHONES, Kind.MD5S, Kind.GOALS, Kind.PRODUCTS}
)
"""Kinds whose value is a list or a map, kept as JSON text."""
