"""The formats of Metrica's CRM import: entities, their columns, and limits.

The emulator imports this module and nothing else of the exporter, so it has only facts of
Metrica's documentation.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The kind of a cell's value, which decides on its rules and its format."""

    ID = "id"  # any text, 1..255 printable characters
    NAME = "name"  # 1..255 of A-Z a-z 0-9 _ : -   (Metrica's `^[\w-:]+$`, read as ASCII)
    TEXT = "text"
    HUMANIZED = "humanized"  # a display name, 0..4096 characters
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
    """One column of an entity.

    A `required` column must have a value in every row and in every merge mode (page "Data upload
    modes").
    """

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of object in Metrica, and the format of the mart with its name.

    `key` is the column by which Metrica merges rows. `delimiter` is a CSV separator that is valid
    under each reading of the documentation (page "Uploading orders (CSV)" asks for semicolons if
    a cell has several goals or products).

    A reference list is uploaded as a whole and has fixed fields. `attribute_owner` is Metrica's
    name for the entity on the page "Creating attributes", None if it accepts no custom
    attributes. Orders that use the mapping have statuses of the mart order_statuses, and
    Metrica's own.
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
        """Return the named column, None for a custom attribute."""
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
"""Source: page "Order status mapping"."""

PRODUCTS = Entity(
    "products",
    key="name",
    columns=(
        Column("name", Kind.NAME, required=True),
        Column("humanized", Kind.HUMANIZED),
    ),
    is_reference_list=True,
)
"""Source: page "Creating a product list"."""

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
"""Sources: pages "Customer data format", "Uploading customer data (CSV)"."""

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
"""Sources: pages "Order data format", "Uploading orders (CSV)"."""

SIMPLE_ORDERS = Entity(
    "simple_orders",
    key="id",
    columns=(
        # Metrica requires neither id nor status. But each repetition of a row without an id makes
        # a new order, and an order without a status counts as PAID.
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
"""Sources: pages "Uploading simplified data about customers and orders (CSV)", "Order and customer
data format", "Setting up simplified delivery of customer and order data"."""

LISTS = (ORDER_STATUSES, PRODUCTS)
"""Entities that are uploaded as one list of fixed fields, not as files."""

MODES = {
    "detailed": (ORDER_STATUSES, PRODUCTS, CONTACTS, ORDERS),
    "simple": (SIMPLE_ORDERS,),
}
"""The two modes, each with its entities in the order of work: an order needs its contact.

Source: page "Setting up delivery of detailed data about customers and orders from a CRM"."""

ENTITIES = (*MODES["detailed"], *MODES["simple"])

RESERVED = ("attribute_values", "user_ids", "company_uniq_id", "user_comment")
"""Names that Metrica reserves in addition to the columns.

Sources: pages "Uploading customer data (JSON)", "Uploading orders (JSON)"."""

FILES = (CONTACTS, ORDERS, SIMPLE_ORDERS)
"""Entities that are uploaded as files."""

MERGE_MODES = ("SAVE", "UPDATE", "APPEND")
"""The treatment of values that an upload leaves out (page "Data upload modes")."""

DEFAULT_STATUSES = ("IN_PROGRESS", "PAID", "CANCELLED", "SPAM")
"""Ids that Metrica accepts before any mapping (page "How to map order statuses")."""

STATUS_TYPES = (*DEFAULT_STATUSES, "OTHER")
"""Source: page "Order status mapping"."""

ATTRIBUTE_TYPES = ("numeric", "date", "datetime", "email", "text")
"""Types of a custom attribute (page "Creating attributes")."""

MAX_CATALOGUE = 160_000
"""Products, and attributes, in one request (page "Creating a product list")."""

MAX_HUMANIZED = 4096
"""Characters of a display name (pages "Order status mapping", "Creating a product list")."""

MAX_VALUES = {
    Kind.CLIENT_IDS: 500,
    Kind.EMAILS: 50,
    Kind.PHONES: 50,
    Kind.MD5S: 50,
    Kind.GOALS: 100,
}
"""Values in one list (pages "Uploading customer data (JSON)", "Uploading orders (JSON)")."""

MAX_AMOUNT = 9_223_372_036_854
"""Revenue and cost of an order (page "Uploading orders (JSON)")."""

MAX_ID = 255
"""Characters of an id or a name (page "Order status mapping"; assumed for every id)."""

LINK_DAYS, UPDATE_DAYS = 21, 111
"""Days before an order in which Metrica looks for its visit, and days after that visit in which
Metrica updates the order (page "How to transmit customer and order data from a CRM")."""

MAX_FILE_BYTES = 1_000_000_000
"""Size of a file (page "Uploading customer data (CSV)"); 10^9 is the stricter reading of 1 GB."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A custom attribute of an entity, with the fields of the page "Creating attributes"."""

    name: str
    type_name: str
    humanized: str
    multivalued: bool
