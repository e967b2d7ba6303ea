"""A list as a whole: what Metrica takes in one piece, as it was when it was compared."""

from metrica_export.errors import WarehouseError
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.mart_source import MartSource


def keep_whole(wh: Attached, mart: Mart) -> None:
    """Make `whole_<mart>`: the mart's columns of all rows of `seen_<mart>` that have id and hash.

    Raises WarehouseError when one of them is no longer there in that state.
    """
    with wh.transaction():
        wh.run(
            f"create or replace table whole_{mart.name} as "
            f"select m.* from {MartSource(wh, mart).rows()} m "
            f"join seen_{mart.name} s on s._id = m._id and s._hash = m._hash"
        )
    if wh.rows(
        f"select _id, _hash from seen_{mart.name} where _id is not null and _hash is not null "
        f"except select _id, _hash from whole_{mart.name}"
    ):
        raise WarehouseError(
            f"Mart {mart.name} changed while it was read: run again when dbt has ended."
        )
