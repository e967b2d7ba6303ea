"""One command's hold on its surroundings: the warehouse, the ledger and the marts, opened
together and closed together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.config import DbtSettings
from exporter.errors import WarehouseError
from exporter.ledger import Ledger
from exporter.manifest import Marts, read_marts
from exporter.profiles import Warehouse, read_warehouse
from exporter.warehouse import Attached


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with; `staging` is a private folder that ends with it."""

    profile: Warehouse
    marts: Marts
    wh: Attached
    ledger: Ledger
    staging: Path


@contextmanager
def open_session(
    dbt: DbtSettings, counter_id: int, *, staging_dir: Path | None = None, read_only: bool = False
) -> Iterator[Session]:
    """Open the warehouse of dbt's profile and the ledger of the counter.

    Raises SettingsError, WarehouseError or LedgerError before anything is changed.
    """
    profile = read_warehouse(dbt)
    marts = read_marts(dbt, profile)
    try:
        # Made for this user only, since contacts are staged in it.
        folder = TemporaryDirectory(prefix="metrica-export-", dir=staging_dir)
    except OSError as error:
        raise WarehouseError(
            f"Cannot make a folder for staging in {staging_dir or 'the temporary folder'} "
            f"({error.strerror}): give --staging-dir a folder that can be written."
        ) from None
    with folder as name:
        staging = Path(name)
        wh = Attached(profile, staging, read_only=read_only)
        try:
            yield Session(profile, marts, wh, Ledger(wh, counter_id), staging)
        finally:
            wh.close()
