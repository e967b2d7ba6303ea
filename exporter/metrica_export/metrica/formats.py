"""The column tables: what Metrica's CRM import accepts, entity by entity.

The emulator imports this module and nothing else of the exporter, so it holds
facts of Metrica's documentation and no behaviour of ours.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a cell holds, hence how it is checked and written."""

    ID = "id"  # any text, 1..255 printable characters
    NAME = "name"  # 1..255 of A-Z a-z 0-9 _ : -   (Metrica's `^[\w-:]+$`, read as ASCII)
    TEXT = "text"
    HUMANIZED = "humanized"  # a name for people, 0..4096 characters
    CLIENT_TYPE = "client_type"  # the literal CONTACT
    STATUS = "status"  # an order status id, which follows the rule of NAME
    STATUS_TYPE = "status_type"  # IN_PROGRESS | PAID | CANCELLED | SPAM | OTHER
    DATETIME = "datetime"  # yyyy-MM-dd HH:mm:ss in the counter's time zone
    DATE = "date"  # yyyy-MM-dd
    MONEY = "money"  # decimal fraction with a dot
    NUMBER = "number"
    CURRENCY = "currency"  # ISO 4217, three capitals, in use
    # Lists: values separated by a comma, no spaces.
    CLIENT_IDS = "client_ids"
    EMAILS = "emails"
    PHONES = "phones"
    MD5S = "md5s"
    GOALS = "goals"  # goal[:price],goal[:price]
    PRODUCTS = "products"  # product:quantity,product:quantity
    GOAL_IDS = "goal_ids"


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute of an entity.

    `kind` is the rule its cells follow; a `required` one must have a value in every
    row and in every merge mode (modes).
    """

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of object that Metrica stores, and the mart of the same name.

    `key` is the column that Metrica merges by. `delimiter` is the CSV separator that
    is valid under each reading of the documentation (uploadOrders asks for semicolons
    when a cell holds several goals or products).

    A reference list is uploaded whole and has fixed fields. `attribute_owner` is Metrica's
    name for the entity in createAttributes, None if it takes no custom attributes. Orders that
    use the mapping have only statuses that the mart order_statuses maps, beside Metrica's own.
    """

    name: str
    key: str
    columns: tuple[Column, ...]
    delimiter: str = ","
    is_reference_list: bool = False
    has_status: bool = False
    has_deadline: bool = False
    uses_status_mapping: bool = False
    needs_contact: bool = False
    needs_identifier: bool = False
    attribute_owner: str | None = None

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None for a custom attribute."""
        return next((c for c in self.columns if c.name == name), None)


ORDER_STATUSES = Entity(
    "order_statuses",
    key="id",
    columns=(
        Column("id", Kind.NAME, required=True),
        Column("type", Kind.STATUS_TYPE, required=True),
        Column("humanized", Kind.HUMANIZED),
        Column("goal_action_ids", Kind.GOAL_IDS),
    ),
    is_reference_list=True,
)
"""Source: mapOrderStatuses."""

PRODUCTS = Entity(
    "products",
    key="name",
    columns=(
        Column("name", Kind.NAME, required=True),
        Column("humanized", Kind.HUMANIZED),
    ),
    is_reference_list=True,
)
"""Source: createProducts."""

CONTACTS = Entity(
    "contacts",
    key="uniq_id",
    columns=(
        Column("uniq_id", Kind.ID, required=True),
        Column("name", Kind.TEXT),
        Column("create_date_time", Kind.DATETIME),
        Column("update_date_time", Kind.DATETIME),
        Column("birth_date", Kind.DATE),
        Column("client_ids", Kind.CLIENT_IDS),
        Column("emails", Kind.EMAILS),
        Column("phones", Kind.PHONES),
        Column("emails_md5", Kind.MD5S),
        Column("phones_md5", Kind.MD5S),
    ),
    attribute_owner="CONTACT",
)
"""Sources: contacts-data, uploadContacts."""

ORDERS = Entity(
    "orders",
    key="id",
    columns=(
        Column("id", Kind.ID, required=True),
        Column("client_uniq_id", Kind.ID, required=True),
        Column("client_type", Kind.CLIENT_TYPE, required=True),
        Column("create_date_time", Kind.DATETIME, required=True),
        Column("update_date_time", Kind.DATETIME),
        Column("finish_date_time", Kind.DATETIME),
        Column("order_status", Kind.STATUS, required=True),
        Column("revenue", Kind.MONEY),
        Column("cost", Kind.MONEY),
        Column("currency", Kind.CURRENCY),
        Column("goals", Kind.GOALS),
        Column("products", Kind.PRODUCTS),
    ),
    delimiter=";",
    has_status=True,
    has_deadline=True,
    uses_status_mapping=True,
    needs_contact=True,
    attribute_owner="ORDER",
)
"""Sources: orders-data, uploadOrders."""

SIMPLE_ORDERS = Entity(
    "simple_orders",
    key="id",
    columns=(
        # Both may be left out by Metrica's rules: a row without id is doubled by every
        # repetition, and one without status counts as PAID.
        Column("id", Kind.ID, required=True),
        Column("create_date_time", Kind.DATETIME, required=True),
        Column("client_uniq_id", Kind.ID),
        Column("client_ids", Kind.CLIENT_IDS),
        Column("emails", Kind.EMAILS),
        Column("phones", Kind.PHONES),
        Column("emails_md5", Kind.MD5S),
        Column("phones_md5", Kind.MD5S),
        Column("order_status", Kind.STATUS, required=True),
        Column("revenue", Kind.MONEY),
        Column("cost", Kind.MONEY),
        Column("goals", Kind.GOALS),
        Column("currency", Kind.CURRENCY),
    ),
    has_status=True,
    has_deadline=True,
    needs_identifier=True,
)
"""Sources: uploadSimpleOrders, simple-orders-data, simple-orders-prep."""

LISTS = (ORDER_STATUSES, PRODUCTS)
"""Entities that Metrica takes as one list of fixed fields, not as files."""

MODES = {
    "detailed": (ORDER_STATUSES, PRODUCTS, CONTACTS, ORDERS),
    "simple": (SIMPLE_ORDERS,),
}
"""The two ways of sending orders, each with its entities in the order in which Metrica must
learn them: an order needs its contact (data)."""

ENTITIES = (*MODES["detailed"], *MODES["simple"])

RESERVED = ("attribute_values", "user_ids", "company_uniq_id", "user_comment")
"""Names of Metrica's own beside the columns (uploadContactJson_1, uploadOrdersJson_1)."""

FILES = (CONTACTS, ORDERS, SIMPLE_ORDERS)
"""Entities that Metrica takes as files."""

MERGE_MODES = ("SAVE", "UPDATE", "APPEND")
"""What becomes of a value that an upload leaves out (modes)."""

DEFAULT_STATUSES = ("IN_PROGRESS", "PAID", "CANCELLED", "SPAM")
"""Ids that Metrica knows before any mapping (maporderstatuses-about)."""

STATUS_TYPES = (*DEFAULT_STATUSES, "OTHER")
"""Source: mapOrderStatuses."""

ATTRIBUTE_TYPES = ("numeric", "date", "datetime", "email", "text")
"""Types of a custom attribute (createAttributes)."""

MAX_CATALOGUE = 160_000
"""Products, and attributes, in one request (createProducts)."""

MAX_HUMANIZED = 4096
"""Characters of a name for people (mapOrderStatuses, createProducts)."""

MAX_VALUES = {
    Kind.CLIENT_IDS: 500,
    Kind.EMAILS: 50,
    Kind.PHONES: 50,
    Kind.MD5S: 50,
    Kind.GOALS: 100,
}
"""Values in one list (uploadContactJson_1, uploadOrdersJson_1)."""

MAX_AMOUNT = 9_223_372_036_854
"""Revenue and cost of an order (uploadOrdersJson_1)."""

MAX_ID = 255
"""Characters of an id or a name (mapOrderStatuses; taken for every id)."""

LINK_DAYS, UPDATE_DAYS = 21, 111
"""Days back in which Metrica looks for an order's visit, and days from that visit in which it
updates the order (contacts)."""

MAX_FILE_BYTES = 1_000_000_000
"""A file's size (uploadContacts); 10^9 is the stricter reading of "1 GB"."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A custom attribute of an entity, as createAttributes wants it."""

    name: str
    type_name: str
    humanized: str
    multivalued: bool
