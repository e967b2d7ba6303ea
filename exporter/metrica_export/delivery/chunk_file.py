"""The file of one chunk: CSV, or JSON for a small delta."""

from pathlib import Path

from metrica_export.checks.sendable import cells
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.delivery.chunks import Chunk, columns_of
from metrica_export.delivery.csv_file import File, write_csv
from metrica_export.delivery.json_file import write_json
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.error_text import no_room


def suffix_of(staged: StagedMart, rows: int) -> str:
    """Return `.json` for a wave of so few rows that it is sent as JSON, otherwise `.csv`."""
    mart = staged.mart
    is_few = rows <= staged.form.json_rows
    is_json = is_few and not mart.attributes and mart.entity.attribute_owner is not None
    return ".json" if is_json else ".csv"


def write_chunk(wh: Attached, staged: StagedMart, wave: int, chunk: Chunk, path: Path) -> File:
    """Write the rows of a chunk to `path`, in the format of its suffix.

    JSON that is too large becomes CSV. Raises SettingsError for a full disk.
    """
    columns = columns_of(staged, chunk)
    found = cells(staged, columns, wave, chunk)
    try:
        if path.suffix == ".json":
            file = write_json(wh, staged.mart, columns, found, path)
            if file.size <= staged.limits.chunk_bytes:
                return file
            file.path.unlink()
        return write_csv(wh, staged.mart, found, path.with_suffix(".csv"))
    except OSError as error:
        raise no_room(f"{error.strerror}.") from None
