"""The values that the ledger records: watermarks, counts, uploads and impact."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Watermark:
    """The watermark of the last complete pass over a mart.

    `updated_at` is the greatest timestamp that was not in the future, as text with its offset;
    None if no row had one. `checksum` is the sum over all rows (`metrica_export.delta.checksum`).
    `vanished` counts delivered rows that left the mart.
    """

    updated_at: str | None
    mart_rows: int
    checksum: Decimal
    vanished: int = 0

    def covers(self, behind: tuple[int, Decimal], window: tuple[int, Decimal]) -> bool:
        """Return whether the rows behind the watermark are unchanged since the last pass.

        `behind` is their present checksum. `window` is the checksum that the other rows had at
        the last pass.
        """
        return behind == (self.mart_rows - window[0], self.checksum - window[1])


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """The counts of one mart's rows by state in one run."""

    rows: int
    sent: int
    unchanged: int
    rejected: int
    held: int
    uploads: int

    @property
    def pending(self) -> int:
        """Rows left for the next run, because this run was cut short or steps are left."""
        return self.rows - self.sent - self.unchanged - self.rejected - self.held


@dataclass(frozen=True, slots=True)
class Upload:
    """One request that carries rows: mart, size in bytes, checksum, destination, and rows."""

    entity: str
    size: int
    sha256: str
    is_local: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Changes:
    """The impact of one mart's sendable rows, in counts.

    `new` rows were never delivered. `paid` orders turn PAID and were not PAID before. `reached`
    counts the orders that newly reach a status, and with it its goals, by status. `erased`
    counts the values that become empty, by column. `moved` rows have a changed creation date;
    the original is sent again. `late` orders are past Metrica's window, and `expiring` orders
    will be within a day. `unsendable_expiring` counts the rejected and held orders that will be,
    of those that were compared. `unselected` counts the sendable rows that --limit leaves to later
    runs, and `unselected_expiring` the orders among them that will be. `vanished` rows were
    delivered and left the mart.
    """

    new: int = 0
    paid: int = 0
    moved: int = 0
    late: int = 0
    expiring: int = 0
    unsendable_expiring: int = 0
    unselected: int = 0
    unselected_expiring: int = 0
    vanished: int = 0
    erased: dict[str, int] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
