"""A Parquet file of one result, which only this user can read."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from metrica_export.commands.tables import batches
from metrica_export.errors import SettingsError


def write_parquet(path: Path, schema: pa.Schema, rows: Iterable[Sequence[Any]]) -> int:
    """Write the rows in their order, in place of an existing file; return their number.

    The file appears when it is complete: after an error an existing file is as before. Raises
    SettingsError if the folder cannot be written, and the errors of `rows`.
    """
    written = 0
    try:
        # A link stays, and its file is replaced.
        place = path.resolve()
        if place.exists() and not place.is_file():
            # Root could replace a device such as /dev/null by a file.
            raise SettingsError(f"{path} is no file. Set --output to a file that can be written.")
        # mkstemp makes a file that only its owner can read; it has ids, and cells on demand.
        descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file, pq.ParquetWriter(file, schema) as writer:
                for batch in batches(schema, rows):
                    writer.write_batch(batch)
                    written += batch.num_rows
            unfinished.replace(place)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(
            f"Cannot write {path} ({error.strerror}). Set --output to a file that can be written."
        ) from None
    return written
