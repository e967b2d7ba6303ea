"""CSV files: chunks on disk, in the format of Metrica's upload methods for CSV."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql import quote


@dataclass(frozen=True, slots=True)
class File:
    """A chunk on disk, in UTF-8 without BOM."""

    path: Path
    size: int
    sha256: str


def file_at(path: Path) -> File:
    """Return a written file with its size and checksum."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(path, path.stat().st_size, digest)


def write_csv(wh: Attached, mart: Mart, cells: str, path: Path) -> File:
    """Write a query's cells as CSV (RFC 4180) with Metrica's column names; quote each value."""
    wh.run(
        f"copy ({cells}) "
        f"to {quote(str(path))} (format csv, header, delimiter {quote(mart.entity.delimiter)}, "
        "quote '\"', escape '\"', force_quote *, nullstr '')"
    )
    return file_at(path)
