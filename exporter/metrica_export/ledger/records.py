"""What a run counts and what the ledger records, as values."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Watermark:
    """What the last complete pass over a mart saw.

    `updated_at` is the greatest timestamp that was not in the future, as text with its
    offset, None if no row had one; `fingerprint` the sum of the rows' hashes
    (`metrica_export.delta.checksum`); `vanished` counts delivered rows that left the mart.
    """

    updated_at: str | None
    mart_rows: int
    fingerprint: Decimal
    vanished: int = 0

    def covers(self, behind: tuple[int, Decimal], seen: tuple[int, Decimal]) -> bool:
        """Return whether the rows behind the watermark are still those of the last pass.

        `behind` is their fingerprint now, `seen` the fingerprint of the other rows as the
        last pass saw them.
        """
        return behind == (self.mart_rows - seen[0], self.fingerprint - seen[1])


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """What became of the rows of one mart in one run."""

    rows: int
    sent: int
    unchanged: int
    rejected: int
    held: int
    uploads: int

    @property
    def pending(self) -> int:
        """Rows that a run left for the next one: it was cut short, or they have steps left."""
        return self.rows - self.sent - self.unchanged - self.rejected - self.held


@dataclass(frozen=True, slots=True)
class Upload:
    """One request that carries rows: its mart, its bytes, where it goes, how many rows."""

    entity: str
    size: int
    sha256: str
    is_local: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What the sendable rows of one mart would change; all are counts of rows.

    `new` rows were never delivered. `paid` orders turn PAID and were not before; `reached`
    counts the orders that newly come to a status, which is what reaches goals. `erased` are,
    by column, the values that become empty. `moved` rows have another creation date than the
    one that went first, which is sent again. `late` orders are past Metrica's window,
    `expiring` ones will be within a day. `vanished` rows were delivered and have left the mart.
    """

    new: int = 0
    paid: int = 0
    moved: int = 0
    late: int = 0
    expiring: int = 0
    vanished: int = 0
    erased: dict[str, int] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
