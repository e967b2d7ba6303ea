"""Rows that loaders and people add to an export: versions, deletions, unreadable JSON and numbers.

The tables are untyped (`load(…, typed=False)`).
"""

from tests.dbt.crm_exports import insert
from tests.dbt.warehouse import Warehouse

# Loaded before all rows of the export.
OLDER = "2026-01-01T00:00:00Z"


def add_hostile_rows(warehouse: Warehouse, crm: str) -> None:
    """Add the rows; `hostile_marts` has the contacts and orders that the marts have of them."""
    for table, column in LOADED_AT[crm].items():
        warehouse.run(
            f'alter table raw."{table}" add column if not exists "{column}" text',
            f"""update raw."{table}" set "{column}" = '2026-02-05T00:00:00Z'""",
        )
    for table in TWICE[crm]:
        warehouse.run(f'insert into raw."{table}" select * from raw."{table}"')
    for table, rows in ROWS[crm].items():
        insert(warehouse, table, *rows)
    if crm == "bitrix24":
        warehouse.run(
            """create table raw.crm_deal_ids as
            select distinct id from raw.crm_deal where id <> '1012'"""
        )


LOADED_AT = {
    "bitrix24": {"crm_deal": "_airbyte_extracted_at", "crm_contact": "_airbyte_extracted_at"},
    "amocrm": {"leads": "_airbyte_extracted_at", "contacts": "_airbyte_extracted_at"},
    "retailcrm": {"orders": "synced_at", "customers": "synced_at"},
    "hubspot": {"deal": "_fivetran_synced", "contact": "_fivetran_synced"},
}

TWICE = {
    "bitrix24": ("crm_stagehistory", "crm_deal_contact", "crm_deal_productrows", "crm_status"),
    "amocrm": ("events", "pipelines", "companies"),
    "retailcrm": ("orders_history", "customers_history", "statuses", "customers_corporate"),
    "hubspot": ("deal_stage", "deal_contact", "line_item", "line_item_deal", "merged_deal"),
}

ROWS: dict[str, dict[str, tuple[dict[str, str], ...]]] = {
    "bitrix24": {
        "crm_deal": (
            {
                "id": "1001",
                "stage_id": "LOSE",
                "stage_semantic_id": "F",
                "contact_id": "505",
                "opportunity": "1.00",
                "date_create": "2026-01-20T10:00:00+03:00",
                "date_modify": "2026-03-01T10:00:00+03:00",
                "_airbyte_extracted_at": OLDER,
            },
            {"id": "1012", "stage_id": "NEW", "stage_semantic_id": "P", "contact_id": "501"},
            {
                "id": "1013",
                "stage_id": "UC_GONE",
                "contact_id": "506",
                "opportunity": "много",
                "currency_id": "RUB",
                "date_create": "2026-02-30T10:00:00+03:00",
                "closedate": "вчера",
            },
        ),
        "crm_contact": (
            {"id": "501", "name": "Старая", "phone": "[]", "_airbyte_extracted_at": OLDER},
            {"id": "506", "name": "Битый", "phone": '[{"VALUE":"+7 999', "email": "[]"},
            {"id": "507", "name": "Пустой", "phone": "null", "email": "{}"},
            {"id": "508", "name": "Две", "phone": '[{"VALUE":"+7 999 555-11-08"},null,{"ID":"1"}]'},
        ),
    },
    "amocrm": {
        "leads": (
            {
                "id": "2001",
                "pipeline_id": "7001",
                "status_id": "143",
                "price": "1",
                "updated_at": "1790000000",
                "_airbyte_extracted_at": OLDER,
            },
            {
                "id": "2009",
                "pipeline_id": "7001",
                "status_id": "3301",
                "price": "100",
                "created_at": "1769600000.0",
                "custom_fields_values": '[{"field_code":"_YM_UID","values":[{"value":"176',
                "_embedded": "[]",
            },
            {
                "id": "2010",
                "pipeline_id": "7001",
                "status_id": "143",
                "price": "0",
                "created_at": "1769600000000",
                "custom_fields_values": "null",
                "_embedded": '{"contacts":[{"id":601,"is_main":true},{"id":601,"is_main":true}],'
                '"loss_reason":{"id":1,"name":"\\u0434\\u0443\\u0431ль"},"tags":null}',
            },
        ),
        "contacts": (
            {"id": "601", "name": "Старая", "_airbyte_extracted_at": OLDER},
            {"id": "606", "name": "Битый", "custom_fields_values": "{"},
            {
                "id": "607",
                "name": "Пустой",
                "custom_fields_values": '[{"field_code":"PHONE","values":[]},'
                '{"field_code":"EMAIL","values":null},{},null,[]]',
            },
            {
                "id": "608",
                "name": "Половина",
                "custom_fields_values": '[{"field_code":"PHONE","values":[{"value":"\\ud83d"}]}]',
            },
        ),
        "events": (
            {
                "id": "e9",
                "type": "lead_status_changed",
                "entity_type": "lead",
                "entity_id": "2007",
                "value_after": "[{",
                "value_before": "[]",
                "created_at": "1769900000",
            },
        ),
    },
    "retailcrm": {
        "orders": (
            {"id": "9101", "status": "new", "totalsumm": "1", "synced_at": OLDER},
            {"id": "9098", "status": "new", "customer": '{"type":"customer","id":31}'},
            {"id": "9099", "status": "new", "customer": '{"type":"customer","id":31}'},
            {
                "id": "9109",
                "status": "new",
                "createdat": "2026-02-03 09:00:00",
                "customer": '{"type":"customer","id":35}',
                "items": '[{"id":1,"offer":{"id":7',
                "customfields": "[1,]",
                "totalsumm": "1 200,50",
                "currency": "RUB",
            },
            {
                "id": "9110",
                "status": "prepayed",
                "createdat": "2026-02-03 10:00:00",
                "customer": '{"type":"customer","id":36}',
                "phone": "+7 999 555-33-10",
                "items": "null",
                "totalsumm": "50",
                "currency": "RUB",
            },
        ),
        "customers": (
            {"id": "31", "firstname": "Старый", "synced_at": OLDER},
            {"id": "36", "firstname": "Удалён", "email": "deleted@example.com"},
        ),
        "customers_history": (
            {
                "id": "9",
                "createdat": "2026-02-03 09:30:00",
                "customer": '{"id":36}',
                "deleted": "1",
            },
        ),
        "orders_history": (
            {
                "id": "21",
                "createdat": "2026-02-03 10:00:00",
                "field": "status",
                "newvalue": "new",
                "order": '{"id":9110}',
            },
            {
                "id": "22",
                "createdat": "2026-02-03 11:00:00",
                "field": "status",
                "oldvalue": '"new"',
                "newvalue": '"prepayed"',
                "order": '{"id":9110}',
            },
            {
                "id": "23",
                "createdat": "2026-02-03 12:00:00",
                "field": "status",
                "newvalue": '{"code":',
                "order": '{"id":9110}',
            },
        ),
    },
    "hubspot": {
        "deal": (
            {"deal_id": "8001", "property_amount": "1", "_fivetran_synced": OLDER},
            {"deal_id": "8009", "is_deleted": "true", "_fivetran_deleted": "false"},
            {
                "deal_id": "8010",
                "deal_pipeline_id": "default",
                "deal_pipeline_stage_id": "contractsent",
                "property_amount": "1 200,50",
                "property_createdate": "2026-01-15T10:00:00.123Z",
                "property_closedate": "2026-01-20T10:00:00Z",
            },
        ),
        "deal_contact": (
            {"deal_id": "8010", "contact_id": "799", "category": "HUBSPOT_DEFINED"},
            {"deal_id": "8010", "contact_id": "706", "category": "USER_DEFINED"},
        ),
        "contact": (
            {"id": "701", "property_firstname": "Old", "_fivetran_synced": OLDER},
            {
                "id": "706",
                "property_firstname": "Deleted",
                "property_email": "deleted@example.com",
                "_fivetran_deleted": "true",
            },
        ),
    },
}
