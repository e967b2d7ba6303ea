"""Schema: order statuses and custom attributes of the marts, against the last ones Metrica took.

The report makes no request. It compares the marts with the ledger, which has the mapping and the
attributes of the last accepted uploads. `metrica-export schema diff` asks Metrica itself.
"""

from dataclasses import dataclass

from metrica_export.metrica.formats import ORDER_STATUSES
from metrica_export.report.subject import Subject
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.sql_files import render

MISSING, DIFFERENT, ABSENT = "missing", "different", "absent"
"""Not in Metrica yet; other in Metrica; no longer in the mart."""


@dataclass(frozen=True, slots=True)
class StatusDifference:
    """An order status that differs: its type and name in the mart and in the ledger."""

    status: str
    change: str
    mart_type: str | None
    mart_name: str | None
    metrica_type: str | None
    metrica_name: str | None


@dataclass(frozen=True, slots=True)
class AttributeDifference:
    """A custom attribute that no accepted upload had yet, or that left the mart."""

    mart: str
    attribute: str
    change: str


@dataclass(frozen=True, slots=True)
class Schema:
    """The differences, and the numbers of equal statuses and attributes."""

    statuses: tuple[StatusDifference, ...]
    equal_statuses: int
    attributes: tuple[AttributeDifference, ...]
    equal_attributes: int


def read_schema(subject: Subject) -> Schema:
    """Return the differences between the marts and the ledger."""
    statuses, equal_statuses = _statuses(subject)
    attributes, equal_attributes = _attributes(subject)
    return Schema(statuses, equal_statuses, attributes, equal_attributes)


def _statuses(subject: Subject) -> tuple[tuple[StatusDifference, ...], int]:
    mart = subject.mart(ORDER_STATUSES)
    if mart is None:
        return (), 0
    query = render(
        __package__,
        "schema_statuses",
        statuses=rows_of(mart),
        recorded=subject.ledger.mapping(),
    )
    found = subject.wh.rows(query)
    differing = tuple(StatusDifference(*line) for line in found if line[1] is not None)
    return differing, len(found) - len(differing)


def _attributes(subject: Subject) -> tuple[tuple[AttributeDifference, ...], int]:
    found: list[AttributeDifference] = []
    equal = 0
    for mart in subject.marts:
        own = {attribute.name for attribute in mart.attributes}
        standard = {column.name for column in mart.entity.columns}
        recorded = set(subject.ledger.column_bits(mart.name)) - standard
        equal += len(own & recorded)
        changes = ((MISSING, own - recorded), (ABSENT, recorded - own))
        found.extend(
            AttributeDifference(mart.name, attribute, change)
            for change, attributes in changes
            for attribute in sorted(attributes)
        )
    return tuple(found), equal
