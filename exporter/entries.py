"""What the ledger records, as values."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Watermark:
    """What the last complete pass over a mart saw.

    `updated_at` is the greatest timestamp that was not in the future, as text with its
    offset, None if no row had one; `fingerprint` the sum of the hashes' first 60 bits.
    """

    updated_at: str | None
    mart_rows: int
    fingerprint: Decimal


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
        """Rows that a run left for the next one because it was cut short."""
        return self.rows - self.sent - self.unchanged - self.rejected - self.held


@dataclass(frozen=True, slots=True)
class Upload:
    """One request that carries rows: its mart, its bytes, and where it goes."""

    entity: str
    size: int
    sha256: str
    is_local: bool
