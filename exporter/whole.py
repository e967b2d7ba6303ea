"""A list as a whole: what Metrica takes in one piece, as it was when it was compared."""

from exporter.errors import WarehouseError
from exporter.manifest import Mart
from exporter.spelling import name
from exporter.warehouse import Attached, relation


def keep_whole(wh: Attached, mart: Mart) -> None:
    """Make `whole_<mart>`: the mart's columns of all rows of `seen_<mart>` that have id and hash.

    Raises WarehouseError when one of them is no longer there in that state.
    """
    key = f"cast(m.{name(mart.entity.key)} as text)"
    wh.run(
        f"create or replace table whole_{mart.name} as "
        f"select m.* from {relation(mart.schema, mart.table)} m "
        f"join seen_{mart.name} s on s._id = {key} and s._hash = m.row_hash"
    )
    if wh.rows(
        f"select _id, _hash from seen_{mart.name} where _id is not null and _hash is not null "
        f"except select {key}, m.row_hash from whole_{mart.name} m"
    ):
        raise WarehouseError(
            f"Mart {mart.name} changed while it was read: run again when dbt has ended."
        )
