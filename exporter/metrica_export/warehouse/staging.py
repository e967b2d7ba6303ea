"""The staging tables: DuckDB's local tables of one run, each declared once.

A staging table exists once per mart, as `<name>_<mart>`, unless it is shared by all marts.
Columns of the exporter's own begin with an underscore. `_row` is the row's place (`rowid`) in
`staged_<mart>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StagingTable:
    """A staging table: its one writer, its meaning, and its columns with their DuckDB types."""

    name: str
    writer: str
    meaning: str
    columns: Mapping[str, str] = field(hash=False)
    is_shared: bool = False

    def of(self, mart: str) -> str:
        """Return the table's name for a mart."""
        return self.name if self.is_shared else f"{self.name}_{mart}"

    def create_empty(self, mart: str = "") -> str:
        """Return the statement that creates the table without rows."""
        columns = ", ".join(f"{column} {kind}" for column, kind in self.columns.items())
        return f"create or replace table {self.of(mart)} ({columns})"


_VERDICT = {
    "_id": "text",
    "_hash": "text",
    "_state": "text",
    "_column": "text",
    "_reason": "text",
    "_detail": "text",
    "_since": "bigint",
}

MART_KEYS = StagingTable(
    "mart_keys",
    "delta.detection",
    "Id, row hash and updated_at of each mart row that is compared: all, or those in the window. "
    "A view over `staged` for a mart of which nothing is delivered.",
    {"_id": "text", "_hash": "text", "_updated_at": "timestamptz"},
)
DELIVERIES = StagingTable(
    "deliveries",
    "delta.delivered_state",
    "Deliveries of one mart that are PASSED or may have arrived, out of the ledger.",
    {"_id": "text", "_hash": "text", "_upload_no": "bigint", "_passed": "boolean"},
    is_shared=True,
)
DELIVERED = StagingTable(
    "delivered",
    "delta.delivered_state",
    "The row hash that Metrica has of each delivered id. `_undecided`: a later upload has an "
    "unknown outcome.",
    {"_id": "text", "_hash": "text", "_undecided": "boolean"},
)
RECORDED_VERDICTS = StagingTable(
    "recorded_verdicts",
    "delta.detection",
    "The verdicts of earlier runs, out of the ledger; `_since` is the first run of the series.",
    _VERDICT,
)
COMPARED = StagingTable(
    "compared",
    "delta.comparison",
    "Each compared mart row: whether Metrica has it as it is, and whether it is validated now.",
    {"_id": "text", "_is_same": "boolean", "_is_changed": "boolean"},
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
    _VERDICT,
)
STAGED = StagingTable(
    "staged",
    "delta.detection",
    "The mart rows that differ from the delivered ones, with the mart's columns. A run that "
    "erases vanished rows adds those.",
    {"_id": "text", "_hash": "text", "_updated_at": "timestamptz"},
)
FULL_LIST = StagingTable(
    "full_list",
    "delta.full_list",
    "All rows of a reference list, with the mart's columns: Metrica takes the list whole.",
    {"_id": "text", "_hash": "text", "_updated_at": "timestamptz"},
)
DELIVERED_STATE = StagingTable(
    "delivered_state",
    "delta.delivered_state",
    "For each staged row that was delivered, or may have been: status, step and filled columns "
    "of the last PASSED upload, and the first creation date. `_filled` also includes columns "
    "from uploads whose outcome is unknown; `_unknown_step` is the greatest step of those.",
    {
        "_row": "bigint",
        "_delivered": "boolean",
        "_created": "timestamp",
        "_status": "text",
        "_step": "integer",
        "_filled": "bigint",
        "_unknown_step": "integer",
    },
)
AVAILABLE_CONTACTS = StagingTable(
    "available_contacts",
    "checks.references",
    "Contacts that Metrica has, or gets in this run, of those that staged orders name.",
    {"_id": "text"},
    is_shared=True,
)
MISSING_CONTACTS = StagingTable(
    "missing_contacts",
    "checks.references",
    "Contacts that staged orders name and Metrica will not have. `_has_verdict`: the contact is "
    "rejected or held itself.",
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
    "The verdict of each staged row that is not sent: state, column, reason, Metrica's words.",
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
PILES = StagingTable(
    "piles",
    "delivery.piles",
    "The pile of each row that is not sent with its neighbours, since a file with it was refused.",
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
    "Rows that Metrica refused alone (`_is_guilty`), and some that it accepted.",
    {"_row": "bigint", "_is_guilty": "boolean"},
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
    {"_row": "bigint", "_is_guilty": "boolean"},
    is_shared=True,
)

STATUS_NUMBERS = StagingTable(
    "status_numbers",
    "ledger.writer",
    "The number that stands for each order status in the ledger; `_is_new` ones are not there yet.",
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
    PILES,
    PILE_CHANGES,
    EVIDENCE,
    CANDIDATES,
    SAMPLE,
    STATUS_NUMBERS,
)
"""In the order of the flow."""


def tables_of(mart: str) -> dict[str, str]:
    """Return the name of every staging table for one mart, as SQL files use them."""
    return {table.name: table.of(mart) for table in STAGING_TABLES}
