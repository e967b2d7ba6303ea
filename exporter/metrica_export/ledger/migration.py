"""The ledger's tables: made, and brought to this program's version, by a run."""

from importlib.resources import files

from metrica_export.ledger.lock import ledger_lock
from metrica_export.ledger.reader import VERSION, Ledger
from metrica_export.ledger.views import create_views
from metrica_export.warehouse.connection import LEDGER, Attached
from metrica_export.warehouse.dbt_manifest import Marts


def open_ledger(wh: Attached, counter_id: int, marts: Marts) -> Ledger:
    """Return the counter's ledger, made or migrated where that is due.

    Only a run that holds the lock may call it. Raises LedgerError for a ledger that is of
    a later version, or damaged.
    """
    found = Ledger(wh, counter_id)
    if found.version == VERSION:
        create_views(wh, marts)
        return found
    with ledger_lock(wh.profile):
        # Another counter's run may have made it meanwhile.
        wh.look_again()
        found = Ledger(wh, counter_id)
        for version in range(found.version + 1, VERSION + 1):
            with wh.transaction():
                _migrate(wh, version)
                wh.look_again()
        create_views(wh, marts)
    return Ledger(wh, counter_id)


def _migrate(wh: Attached, version: int) -> None:
    if version == 1 and not wh.has_schema(wh.ledger_schema):
        # PostgreSQL wants the right to make one even where `if not exists` would make none.
        wh.command(f"create schema {LEDGER}")
    script = files(__package__).joinpath("migrations", f"{version}.sql").read_text("utf-8")
    code = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    for statement in filter(None, map(str.strip, code.split(";"))):
        wh.command(statement.replace("metrica_export.", f"{LEDGER}."))
    if version == 1:
        wh.command(f"insert into {LEDGER}.ledger_version (version) values (1)")
    else:
        wh.command(f"update {LEDGER}.ledger_version set version = {version}")
