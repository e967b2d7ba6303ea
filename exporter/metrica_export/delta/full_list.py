"""The full reference list: Metrica gets all of its rows, not only the changed ones."""

from metrica_export.errors import WarehouseError
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.mart_source import MartSource
from metrica_export.warehouse.staging import FULL_LIST, MART_KEYS


def stage_full_list(wh: Attached, mart: Mart) -> None:
    """Fill `full_list` with the compared rows that have an id and a hash.

    Raises WarehouseError when a row has changed since it was compared.
    """
    keys, full_list = MART_KEYS.of(mart.name), FULL_LIST.of(mart.name)
    with wh.transaction():
        wh.run(
            f"create or replace table {full_list} as select m.* from {MartSource(wh, mart).rows()} "
            f"m join {keys} k on k._id = m._id and k._hash = m._hash"
        )
    if wh.rows(
        f"select _id, _hash from {keys} where _id is not null and _hash is not null "
        f"except select _id, _hash from {full_list}"
    ):
        raise WarehouseError(
            f"Mart {mart.name} changed while it was read. Wait for dbt to finish and rerun."
        )
