"""The source of a mart's rows: a scan by DuckDB, or a query that PostgreSQL runs.

DuckDB's reader of PostgreSQL turns NaN and infinities of `numeric` into 0, rounds a numeric
without precision through a double, and reads some other types differently in a scan and in a
query. PostgreSQL itself casts these columns to text, so that a rule can reject the value.
"""

from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import STATUS_PATH, Mart
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.sql import name, quote

_EXACT = {
    "bool",
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "text",
    "varchar",
    "bpchar",
    "name",
    "uuid",
    "json",
    "jsonb",
    "date",
    "timestamp",
    "timestamptz",
}
"""PostgreSQL's types that DuckDB reads exactly."""

_EXACT_KEYS = {"bool", "int2", "int4", "int8", "text", "varchar", "bpchar", "name", "uuid"}
"""Types with equal texts in DuckDB and in PostgreSQL."""

_ENUM = "e"
_MAX_PRECISION = 38
"""Digits of DuckDB's widest exact number."""

_TYPES = """
    select a.attname as "column", t.typname as "type", t.typtype as "sort",
        case when a.atttypmod >= 4 then ((a.atttypmod - 4) >> 16) & 65535 end as "digits",
        case when a.atttypmod >= 4 then ((a.atttypmod - 4) & 2047 # 1024) - 1024 end as "scale"
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    where a.attrelid = to_regclass({relation}) and a.attnum > 0 and not a.attisdropped
"""
"""The layout of `atttypmod` is an internal one of PostgreSQL (numeric.c)."""


class MartSource:
    """The FROM items for reading one mart."""

    def __init__(self, wh: Attached, mart: Mart) -> None:
        """Look up the columns' types on PostgreSQL, where DuckDB reads some inexactly."""
        self._wh, self._mart = wh, mart
        self.relation = rows_of(mart)
        self._is_whole = mart.condition is None
        self.key = f"cast(m.{name(mart.entity.key)} as text)"
        self._inexact: set[str] = set()
        self._numeric: set[str] = set()
        self._key_is_exact = True
        if wh.is_postgres:
            self._read_types()

    def _read_types(self) -> None:
        label = quote(f"{name(self._mart.schema)}.{name(self._mart.table)}")
        query = self._wh.remote(_TYPES.format(relation=label))
        exported = set(self._columns)
        for column, type_, sort, digits, scale in self._wh.rows(
            f'select "column", "type", "sort", "digits", "scale" from {query}'
        ):
            if column == self._mart.entity.key:
                self._key_is_exact = type_ in _EXACT_KEYS or sort == _ENUM
            if column not in exported or type_ in _EXACT or sort == _ENUM:
                continue
            fits = digits is not None and digits <= _MAX_PRECISION and 0 <= scale <= digits
            (self._numeric if type_ == "numeric" and fits else self._inexact).add(column)

    @property
    def _columns(self) -> list[str]:
        own = [STATUS_PATH] if self._mart.has_path else []
        return [*(column.name for column in self._mart.columns), *own]

    def keys(self, window: str | None = None) -> str:
        """Return a FROM item of `_id`, `_hash` and `_updated_at`.

        `window` is a condition over the mart as `m`; None reads the whole mart.
        """
        return self._read(self._keys, window, scan=self._key_is_exact)

    def rows(self, window: str | None = None) -> str:
        """Return a FROM item of `keys` and the mart's columns.

        Call it in the transaction that reads it, since the values in the mart decide on it.
        """
        scan = (
            window is None
            and self._is_whole
            and self._key_is_exact
            and not self._inexact
            and not self._has_nan()
        )
        as_text = set() if scan else self._inexact | self._numeric
        columns = [
            f"cast(m.{name(column)} as text) as {name(column)}"
            if column in as_text
            else f"m.{name(column)}"
            for column in self._columns
        ]
        return self._read(", ".join([self._keys, *columns]), window, scan=scan)

    @property
    def _keys(self) -> str:
        return f'{self.key} as "_id", m.row_hash as "_hash", m.updated_at as "_updated_at"'

    def _read(self, columns: str, window: str | None, *, scan: bool) -> str:
        query = f"select {columns} from {self.relation} m"
        if window is None and scan and self._is_whole:
            return f"({query})"
        return self._wh.remote(query if window is None else f"{query} where {window}")

    def _has_nan(self) -> bool:
        """Return whether a numeric column holds NaN, which a scan would read as 0."""
        if not self._numeric:
            return False
        nan = " or ".join(f"m.{name(column)} = 'NaN'" for column in sorted(self._numeric))
        query = f'select exists (select from {self.relation} m where {nan}) as "found"'
        return bool(self._wh.row(f'select "found" from {self._wh.remote(query)}')[0])
