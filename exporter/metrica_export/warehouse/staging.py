"""The staging tables: DuckDB's local tables of one run, each declared once.

A staging table exists once per mart, as `<name>_<mart>`, unless all marts share it. Columns that
are not the mart's begin with an underscore. `_row` is the row's place (`rowid`) in
`staged_<mart>`.
"""

from metrica_export.warehouse.report_tables import REPORT_TABLES
from metrica_export.warehouse.staging_table import VERDICT, StagingTable

MART_KEYS = StagingTable(
    "mart_keys",
    "delta.detection",
    "Id, row hash and updated_at of each compared mart row: all rows, or the rows in the window. "
    "A view over `staged` for a mart without deliveries.",
    {"_id": "text", "_hash": "text", "_updated_at": "timestamptz"},
)
DELIVERIES = StagingTable(
    "deliveries",
    "delta.delivered_state",
    "Deliveries of one mart in the ledger that are PASSED or may have arrived.",
    {"_id": "text", "_hash": "text", "_upload_no": "bigint", "_passed": "boolean"},
    is_shared=True,
)
DELIVERED = StagingTable(
    "delivered",
    "delta.delivered_state",
    "The delivered row hash of each id. `_undecided`: a later upload has an unknown outcome.",
    {"_id": "text", "_hash": "text", "_undecided": "boolean"},
)
RECORDED_VERDICTS = StagingTable(
    "recorded_verdicts",
    "delta.detection",
    "The verdicts of earlier runs in the ledger; `_since` is the first run of the series.",
    VERDICT,
)
COMPARED = StagingTable(
    "compared",
    "delta.comparison",
    "Each compared mart row: whether it was delivered and not emptied since, whether it is "
    "unchanged, and whether it is staged for validation.",
    {"_id": "text", "_is_delivered": "boolean", "_is_same": "boolean", "_is_changed": "boolean"},
)
CHANGED_IDS = StagingTable(
    "changed_ids",
    "delta.comparison",
    "The ids whose rows are staged.",
    {"_id": "text"},
)
STANDING_VERDICTS = StagingTable(
    "standing_verdicts",
    "delta.comparison",
    "Recorded verdicts that still hold, since their rows did not change.",
    VERDICT,
)
STAGED = StagingTable(
    "staged",
    "delta.detection",
    "The mart rows that differ from the delivered ones, with the mart's columns. A run with "
    "--erase-vanished adds the vanished rows.",
    {"_id": "text", "_hash": "text", "_updated_at": "timestamptz"},
)
FULL_LIST = StagingTable(
    "full_list",
    "delta.full_list",
    "All rows of a reference list, with the mart's columns: the whole list is sent.",
    {"_id": "text", "_hash": "text", "_updated_at": "timestamptz"},
)
DELIVERED_STATE = StagingTable(
    "delivered_state",
    "delta.delivered_state",
    "The delivered state of each staged row: values from the last accepted upload, and the first "
    "creation date. `_filled` also includes columns from later uploads whose outcome is unknown; "
    "`_unknown_steps` are the steps in these uploads.",
    {
        "_row": "bigint",
        "_delivered": "boolean",
        "_created": "timestamp",
        "_status": "text",
        "_step": "integer",
        "_filled": "bigint",
        "_unknown_steps": "struct(step integer, status text)[]",
    },
)
AVAILABLE_CONTACTS = StagingTable(
    "available_contacts",
    "checks.references",
    "The contacts of staged orders that Metrica has, or gets in this run.",
    {"_id": "text"},
    is_shared=True,
)
MISSING_CONTACTS = StagingTable(
    "missing_contacts",
    "checks.references",
    "The contacts of staged orders that Metrica will not have. `_has_verdict`: the contact itself "
    "is rejected or held.",
    {"_id": "text", "_has_verdict": "boolean"},
    is_shared=True,
)
ACCEPTED_STATUSES = StagingTable(
    "accepted_statuses",
    "checks.references",
    "Statuses that an order may have: mapped and delivered, Metrica's own, JavaScript goals.",
    {"_id": "text"},
    is_shared=True,
)
DUPLICATE_IDS = StagingTable(
    "duplicate_ids",
    "checks.verdicts",
    "Ids that several staged rows share.",
    {"_id": "text"},
)
PROBLEMS = StagingTable(
    "problems",
    "checks.verdicts",
    "The verdict of each staged row that is not sent: state, column, reason, and Metrica's reason.",
    {
        "_row": "bigint",
        "_state": "text",
        "_column": "text",
        "_reason": "text",
        "_detail": "text",
    },
)
STEPS = StagingTable(
    "steps",
    "checks.status_steps",
    "The undelivered statuses of each staged order with a status path. `_before` counts the "
    "steps that Metrica already has.",
    {"_row": "bigint", "_before": "integer", "_pending": "text[]"},
)
SELECTED = StagingTable(
    "selected",
    "checks.selection",
    "The sendable rows that --limit selects.",
    {"_row": "bigint"},
)
PILES = StagingTable(
    "piles",
    "delivery.piles",
    "The pile of each row of a refused file. Rows of a pile are sent apart from their neighbours.",
    {"_row": "bigint", "_pile": "bigint"},
)
PILE_CHANGES = StagingTable(
    "pile_changes",
    "delivery.piles",
    "The new piles of some rows.",
    {"_row": "bigint", "_pile": "bigint"},
    is_shared=True,
)
EVIDENCE = StagingTable(
    "evidence",
    "delivery.search",
    "Rows that Metrica refused alone (`_is_bad`), and some that it accepted.",
    {"_row": "bigint", "_is_bad": "boolean"},
)
CANDIDATES = StagingTable(
    "candidates",
    "delivery.search",
    "Unsent rows of the chunks that a search divides.",
    {"_row": "bigint"},
    is_shared=True,
)
SAMPLE = StagingTable(
    "sample",
    "delivery.traits",
    "The evidence and some candidates, with their cells as text.",
    {"_row": "bigint", "_is_bad": "boolean"},
    is_shared=True,
)

STATUS_NUMBERS = StagingTable(
    "status_numbers",
    "ledger.dictionaries",
    "The number of each order status in the ledger. `_is_new`: the ledger does not have it yet.",
    {"_status": "text", "_no": "integer", "_is_new": "boolean"},
    is_shared=True,
)

STAGING_TABLES = (
    MART_KEYS,
    DELIVERIES,
    DELIVERED,
    RECORDED_VERDICTS,
    COMPARED,
    CHANGED_IDS,
    STANDING_VERDICTS,
    STAGED,
    FULL_LIST,
    DELIVERED_STATE,
    AVAILABLE_CONTACTS,
    MISSING_CONTACTS,
    ACCEPTED_STATUSES,
    DUPLICATE_IDS,
    PROBLEMS,
    STEPS,
    SELECTED,
    PILES,
    PILE_CHANGES,
    EVIDENCE,
    CANDIDATES,
    SAMPLE,
    STATUS_NUMBERS,
    *REPORT_TABLES,
)
"""All staging tables, in the order of the flow."""


def tables_of(mart: str) -> dict[str, str]:
    """Return the variables of SQL files: staging table → its name for one mart."""
    return {table.name: table.of(mart) for table in STAGING_TABLES}
