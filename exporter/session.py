"""What one command has open: the warehouse, its marts, and a private folder for staging."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from exporter.config import DbtSettings, Staging
from exporter.errors import SettingsError
from exporter.manifest import Marts, read_marts
from exporter.profiles import Warehouse, read_warehouse
from exporter.warehouse import Attached

_PREFIX = "metrica-export-"
_DEFAULT = Staging()


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with; the folder is gone when it ends."""

    profile: Warehouse
    marts: Marts
    wh: Attached
    staging: Path


@contextmanager
def open_session(
    dbt: DbtSettings, *, staging: Staging = _DEFAULT, read_only: bool = False
) -> Iterator[Session]:
    """Open the warehouse of dbt's profile.

    Raises SettingsError, WarehouseError, or LedgerError when another process holds it.
    """
    profile = read_warehouse(dbt)
    marts = read_marts(dbt, profile)
    place = staging.folder or Path(gettempdir())
    try:
        _sweep(place)
        # Made for this user only, since contacts are staged in it.
        folder = TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=place)
    except OSError as error:
        raise SettingsError(
            f"Cannot make a folder for staging in {place} "
            f"({error.strerror}): give --staging-dir a folder that can be written."
        ) from None
    with folder as name:
        wh = Attached(
            profile,
            Staging(Path(name), staging.memory_mb),
            ledger_schema=marts.ledger_schema,
            read_only=read_only,
        )
        try:
            yield Session(profile, marts, wh, Path(name))
        finally:
            wh.close()


def _sweep(place: Path) -> None:
    """Remove what a killed run of this user left: personal data must not outlive its run."""
    for folder in place.glob(f"{_PREFIX}*-*"):
        owner = re.fullmatch(rf"{_PREFIX}(\d+)-.*", folder.name)
        # Another run may end, or sweep, at the same moment.
        with suppress(FileNotFoundError):
            if owner and folder.stat().st_uid == os.getuid() and not _is_alive(int(owner[1])):
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
