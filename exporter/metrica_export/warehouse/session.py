"""The session of one command: the warehouse, its marts, and a private folder for staging."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

from metrica_export.errors import SettingsError
from metrica_export.settings import DbtSettings, Staging
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Marts, check_file_name, read_marts
from metrica_export.warehouse.dbt_profile import (
    Database,
    Duckdb,
    Warehouse,
    read_ledger,
    read_warehouse,
)
from metrica_export.warehouse.filters import expose_marts
from metrica_export.warehouse.iceberg import IcebergMarts
from metrica_export.warehouse.iceberg_profile import Iceberg
from metrica_export.warehouse.own_marts import FileMarts, OwnMarts
from metrica_export.warehouse.staging_folder import staging_folder, sweep

_DEFAULT = Staging()


@dataclass(frozen=True, slots=True)
class Session:
    """The open resources of a command; `staging` is a folder that is removed at its end.

    `profile` is the warehouse of the marts, `ledger` that of the ledger.
    """

    profile: Warehouse
    ledger: Database
    marts: Marts
    wh: Attached
    staging: Path


@contextmanager
def open_session(
    dbt: DbtSettings, *, staging: Staging = _DEFAULT, read_only: bool = False
) -> Iterator[Session]:
    """Open the warehouse of dbt's profile, and the ledger's, if it is another.

    Raises SettingsError, WarehouseError, or LedgerError if another process has it open.
    """
    profile = read_warehouse(dbt)
    ledger = read_ledger(dbt, profile)
    marts = read_marts(dbt, profile)
    check_file_name(marts, ledger)
    with ExitStack() as stack:
        folder = _make_folder(staging.folder or dbt.staging_dir or Path(gettempdir()), stack)
        wh = Attached(
            ledger,
            Staging(folder, staging.memory_mb),
            ledger_schema=marts.ledger_schema,
            read_only=read_only,
            own_marts=_own_marts(profile, ledger, marts),
        )
        stack.callback(wh.close)
        expose_marts(wh, marts)
        yield Session(profile, ledger, marts, wh, folder)


def _own_marts(profile: Warehouse, ledger: Database, marts: Marts) -> OwnMarts | None:
    """Return the marts if they are in another database than the ledger."""
    if isinstance(profile, Iceberg):
        return IcebergMarts(profile, marts.relations)
    if isinstance(profile, Duckdb) and (
        not isinstance(ledger, Duckdb) or profile.path.resolve() != ledger.path.resolve()
    ):
        return FileMarts(profile)
    return None


def _make_folder(place: Path, stack: ExitStack) -> Path:
    try:
        sweep(place)
        return stack.enter_context(staging_folder(place))
    except OSError as error:
        raise SettingsError(
            f"Cannot create a folder for staging in {place} ({error.strerror}). Set --staging-dir "
            "to a folder in which files can be written and locked."
        ) from None
