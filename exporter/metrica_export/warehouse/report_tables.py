"""The staging tables of `metrica-export report`, in the order of its scans."""

from metrica_export.warehouse.staging_table import VERDICT, StagingTable

STATUS_TYPES = StagingTable(
    "status_types",
    "report.scans.order_groups",
    "The type of each order status, in lower case: statuses of the mart and Metrica's own.",
    {"id": "text", "type": "text", "humanized": "text"},
    is_shared=True,
)
ORDER_GROUPS = StagingTable(
    "order_groups",
    "report.scans.order_groups",
    "The orders of the last months in groups.",
    {
        "day": "date",
        "month": "date",
        "status_type": "text",
        "status_path": "text",
        "currency": "text",
        "orders": "bigint",
        "revenue": "decimal(38, 2)",
    },
    is_shared=True,
)
REPORT_VERDICTS = StagingTable(
    "report_verdicts",
    "report.scans.undelivered",
    "The verdicts in the ledger, for the report.",
    VERDICT,
)
REPORT_ROWS = StagingTable(
    "report_rows",
    "report.scans.undelivered",
    "The mart rows that may be undelivered; orders also have their date, statuses and revenue.",
    {"_id": "text", "_hash": "text"},
)
REPORT_DELIVERIES = StagingTable(
    "report_deliveries",
    "report.scans.undelivered",
    "The deliveries of these rows, and of recent orders, that are PASSED or may have arrived.",
    {
        "_id": "text",
        "_upload_no": "bigint",
        "_status": "text",
        "_step": "integer",
        "_created": "timestamp",
        "_hash": "text",
        "_passed": "boolean",
    },
)
UNDELIVERED = StagingTable(
    "undelivered",
    "report.scans.undelivered",
    "The rows of all marts that Metrica does not have in their present state. `steps` are the "
    "statuses of an order that are still to send.",
    {
        "mart": "text",
        "id": "text",
        "state": "text",
        "column_name": "text",
        "reason": "text",
        "since_run": "bigint",
        "was_delivered": "boolean",
        "created_at": "timestamp",
        "deadline": "timestamp",
        "order_status": "text",
        "status_type": "text",
        "steps": "text[]",
        "currency": "text",
        "revenue": "decimal(38, 2)",
    },
    is_shared=True,
)
RECENT_IDS = StagingTable(
    "recent_ids",
    "report.scans.undelivered",
    "The ids of the orders that changed last, for the hours between their statuses.",
    {"_id": "text"},
    is_shared=True,
)

REPORT_TABLES = (
    STATUS_TYPES,
    ORDER_GROUPS,
    REPORT_VERDICTS,
    REPORT_ROWS,
    REPORT_DELIVERIES,
    UNDELIVERED,
    RECENT_IDS,
)
