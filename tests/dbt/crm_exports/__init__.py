"""Raw tables as CRMs and their loaders write them: one folder of CSV files for each CRM.

The values are made up, with example domains and unassigned numbers. An empty cell is NULL.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.dbt.crm import literal
from tests.dbt.warehouse import Warehouse

FOLDER = Path(__file__).parent
JSON = {"postgres": "jsonb", "duckdb": "json"}

# The types of columns that are not text.
TYPES: dict[str, dict[str, str]] = {
    "bitrix24": {"PHONE": "json", "EMAIL": "json"},
    "amocrm": {
        "id": "bigint",
        "price": "bigint",
        "status_id": "bigint",
        "pipeline_id": "bigint",
        "created_at": "bigint",
        "updated_at": "bigint",
        "closed_at": "bigint",
        "is_deleted": "boolean",
        "custom_fields_values": "json",
        "_embedded": "json",
        "value_before": "json",
        "value_after": "json",
    },
    "retailcrm": {
        "id": "bigint",
        "createdAt": "timestamp",
        "statusUpdatedAt": "timestamp",
        "fullPaidAt": "timestamp",
        "birthday": "date",
        "totalSumm": "numeric(12, 2)",
        "purchaseSumm": "double precision",
        "phones": "json",
        "customer": "json",
        "items": "json",
        "customFields": "json",
        "source": "text",
        "newValue": "text",
        "order": "json",
        "combinedTo": "json",
        "marketplace": "json",
    },
    "hubspot": {
        "id": "bigint",
        "deal_id": "bigint",
        "contact_id": "bigint",
        "company_id": "bigint",
        "merged_deal_id": "bigint",
        "line_item_id": "bigint",
        "type_id": "integer",
        "property_amount": "double precision",
        "property_quantity": "numeric(12, 2)",
        "property_createdate": "timestamptz",
        "property_closedate": "timestamptz",
        "property_lastmodifieddate": "timestamptz",
        "property_hs_lastmodifieddate": "timestamptz",
        "date_entered": "timestamptz",
        "probability": "double precision",
        "is_closed": "boolean",
        "closed_won": "boolean",
        "is_deleted": "boolean",
        "_fivetran_deleted": "boolean",
        "_fivetran_synced": "timestamptz",
        "_fivetran_active": "boolean",
    },
}

# The only table whose `id` is text.
TEXT_IDS = {"amocrm": {"events"}}


def load(warehouse: Warehouse, crm: str, *skipped: str, typed: bool = True) -> None:
    """Create the CRM's raw tables in the schema `raw`; untyped, each column is lower-case text."""
    warehouse.run("create schema raw")
    for file in sorted((FOLDER / crm).glob("*.csv")):
        if file.stem in skipped:
            continue
        with file.open(encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        types = dict(TYPES[crm]) if typed else {}
        if file.stem in TEXT_IDS.get(crm, ()):
            types.pop("id", None)
        columns = {
            name if typed else name.lower(): _type(types.get(name, "text"), warehouse.target)
            for name in rows[0]
        }
        declared = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        warehouse.run(f'create table raw."{file.stem}" ({declared})')
        append(warehouse, file.stem, [list(row.values()) for row in rows])


def append(warehouse: Warehouse, table: str, rows: Iterable[Iterable[str | None]]) -> None:
    """Insert rows of texts into a raw table."""
    values = ", ".join(f"({', '.join(literal(cell or None) for cell in row)})" for row in rows)
    warehouse.run(f'insert into raw."{table}" values {values}')


def insert(warehouse: Warehouse, table: str, *rows: Mapping[str, str | None]) -> None:
    """Insert rows that name their columns into a raw table."""
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(literal(value) for value in row.values())
        warehouse.run(f'insert into raw."{table}" ({names}) values ({values})')


def _type(name: str, engine: str) -> str:
    return JSON[engine] if name == "json" else name
