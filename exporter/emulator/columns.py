"""The columns that only the emulator knows: simple orders, and what JSON adds."""

from exporter.marts import CONTACTS, ORDERS, Column, Entity, Kind

SIMPLE_ORDERS = Entity(
    "simple_orders",
    key="id",
    columns=(
        Column("id", Kind.ID),
        Column("create_date_time", Kind.DATETIME, required=True),
        Column("client_uniq_id", Kind.ID),
        Column("client_ids", Kind.CLIENT_IDS),
        Column("emails", Kind.EMAILS),
        Column("phones", Kind.PHONES),
        Column("emails_md5", Kind.MD5S),
        Column("phones_md5", Kind.MD5S),
        Column("order_status", Kind.STATUS),
        Column("revenue", Kind.MONEY),
        Column("cost", Kind.MONEY),
        Column("goals", Kind.GOALS),
        Column("currency", Kind.CURRENCY),
    ),
)
"""Source: simple-orders-data."""

IDENTIFIERS = ("client_ids", "emails", "phones", "emails_md5", "phones_md5")
"""A simple order needs one of them (simple-orders-data)."""

JSON_ONLY = {
    CONTACTS.name: ("user_ids", "attribute_values", "company_uniq_id", "user_comment"),
    ORDERS.name: ("attribute_values",),
}
"""Keys of the JSON schemas whose shape is not documented: kept as they come."""

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
