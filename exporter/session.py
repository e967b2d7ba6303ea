"""What one command has open: the warehouse, its marts, and a private folder for staging."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.config import DbtSettings
from exporter.errors import SettingsError
from exporter.manifest import Marts, read_marts
from exporter.profiles import Warehouse, read_warehouse
from exporter.warehouse import Attached


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with; the folder is gone when it ends."""

    profile: Warehouse
    marts: Marts
    wh: Attached
    staging: Path


@contextmanager
def open_session(
    dbt: DbtSettings, *, staging_dir: Path | None = None, read_only: bool = False
) -> Iterator[Session]:
    """Open the warehouse of dbt's profile.

    Raises SettingsError, WarehouseError, or LedgerError when another process holds it.
    """
    profile = read_warehouse(dbt)
    marts = read_marts(dbt, profile)
    try:
        # Made for this user only, since contacts are staged in it.
        folder = TemporaryDirectory(prefix="metrica-export-", dir=staging_dir)
    except OSError as error:
        raise SettingsError(
            f"Cannot make a folder for staging in {staging_dir or 'the temporary folder'} "
            f"({error.strerror}): give --staging-dir a folder that can be written."
        ) from None
    with folder as name:
        staging = Path(name)
        wh = Attached(profile, staging, read_only=read_only)
        try:
            yield Session(profile, marts, wh, staging)
        finally:
            wh.close()
