"""The contract of a mart: its relation in the warehouse must match dbt's manifest."""

from metrica_export.errors import WarehouseError
from metrica_export.metrica.formats import Kind
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import OWN_COLUMNS, STATUS_PATH, Mart
from metrica_export.warehouse.filters import check_filter
from metrica_export.warehouse.marks import relation
from metrica_export.warehouse.sql import name, quote

_TYPES = {Kind.DATETIME: "TIMESTAMP", Kind.DATE: "DATE"}


def check_relation(wh: Attached, mart: Mart) -> None:
    """Compare a mart in the warehouse with its declaration; WarehouseError names the columns.

    Raises SettingsError for a filter that is no condition over the mart.
    """
    types = wh.columns(mart.schema, mart.table)
    label = f"{mart.schema}.{mart.table}"
    if not types:
        raise WarehouseError(f"The warehouse has no mart {label}. Run `dbt build`.")
    own = (*OWN_COLUMNS, STATUS_PATH) if mart.has_path else OWN_COLUMNS
    missing = [c for c in (*(c.name for c in mart.columns), *own) if c not in types]
    if twins := _twins(wh, mart, missing):
        raise WarehouseError(
            f"Mart {label} has the columns {' and '.join(map(name, twins))}, which DuckDB cannot "
            "tell apart. Rename one of them in the model and run `dbt build`."
        )
    if missing:
        raise WarehouseError(
            f"Mart {label} has no column {', '.join(missing)}, which its YAML declares. "
            "Run `dbt build --full-refresh`."
        )
    for column in mart.columns:
        if types[column.name] != _TYPES.get(column.kind, types[column.name]):
            raise WarehouseError(
                f"Mart {label}: column {column.name} has type {types[column.name]} and must have "
                f"{_TYPES[column.kind]}. Cast it in the model, times to the counter's zone without "
                "an offset, and run `dbt build --full-refresh`."
            )
    check_filter(wh, mart)


def _twins(wh: Attached, mart: Mart, missing: list[str]) -> list[str]:
    """Return PostgreSQL's columns that differ from a missing column in letter case only."""
    if not wh.is_postgres or not missing:
        return []
    label = quote(f"{name(mart.schema)}.{name(mart.table)}")
    query = wh.remote(
        'select attname as "column" from pg_attribute '
        f"where attrelid = to_regclass({label}) and attnum > 0 and not attisdropped"
    )
    columns = [column for (column,) in wh.rows(f'select "column" from {query} order by 1')]
    for wanted in missing:
        twins = [column for column in columns if column.casefold() == wanted.casefold()]
        if wanted in twins:
            return twins
    return []


def time_zone(wh: Attached, mart: Mart) -> str:
    """Return the time zone of a mart's times; WarehouseError if the last build did not record it.

    dbt commits it to the table mart_builds together with the rows. The manifest is no source for
    it: after a failed build it is newer than the mart.
    """
    label = f"{mart.builds[0]}.{mart.builds[1]}"
    if not wh.columns(*mart.builds):
        raise WarehouseError(
            f"Table {label}, where dbt records the builds of the marts, is missing. Run "
            "`dbt build`, or grant this role usage on its schema and select on it."
        )
    found = wh.rows(
        f"select time_zone from {relation(*mart.builds)} where mart = ? "
        "order by built_at desc limit 1",
        [mart.name],
    )
    if not found or not found[0][0]:
        raise WarehouseError(
            f"{label} has no build of mart {mart.name}, so the time zone of its times is unknown. "
            "Run `dbt build`."
        )
    return str(found[0][0])


def wall_clock(wh: Attached, mart: Mart) -> str:
    """Return SQL for the warehouse's present time in the mart's zone, as a timestamp."""
    zone = quote(time_zone(wh, mart))
    (now,) = wh.row(f"select cast(timezone({zone}, {wh.now}) as text)")
    return f"timestamp {quote(now)}"
