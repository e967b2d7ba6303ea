"""Marts of any size in the shape that dbt gives them, filled by the warehouse itself."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.database import Database
from tests.support.marts_fixture import COLUMNS, KEYS, MartsWarehouse, make_marts

_SEED = Path(__file__).parents[1] / "dbt_project" / "seeds" / "order_status_map.csv"
_HISTORY = timedelta(days=300)
_PRODUCTS = 2_000
_ORDERS_PER_CONTACT = 5

_FIRST_NAMES = "Анна,Пётр,Мария,Иван,Екатерина,Александр,Ольга,Дмитрий"
_LAST_NAMES = "Ли,Смирнова,Кузнецов,Константинопольская,Попов,Соколова,Новиков,Морозова"

# One text for both engines, hence without division and without arrays. `i` counts from 1.
_CONTACTS = f"""
select
    cast(i as text) as uniq_id,
    split_part('{_FIRST_NAMES}', ',', cast(i * 7 % 8 as integer) + 1) || ' '
        || split_part('{_LAST_NAMES}', ',', cast(i * 11 % 8 as integer) + 1) as name,
    timestamp '2024-01-01 00:00:00' + i * 41 % 60000000 * interval '1 second' as create_date_time,
    case when i % 10 < 6 then cast(timestamp '1970-01-01 00:00:00'
        + i * 37 % 13000 * interval '1 day' as date) end as birth_date,
    case when i % 10 > 2 then '16' || lpad(cast(i * 99990001 % 100000000000000000 as text), 17, '0')
        end as client_ids,
    case when i % 20 > 2 then 'customer' || i || '@example'
        || case when i % 3 = 0 then '.com' else '.ru' end end as emails,
    case when i % 10 > 0 then '79' || lpad(cast(i * 7919 % 1000000000 as text), 9, '0')
        end as phones,
    cast(null as text) as emails_md5,
    cast(null as text) as phones_md5,
    cast(2 + i % 2 as integer) as identifiers_count
from counted
"""

_ORDERS = """
select
    cast(i as text) as id,
    cast(1 + i * 7919 % {contacts} as text) as client_uniq_id,
    'CONTACT' as client_type,
    timestamp '2025-01-01 00:00:00' + i * 13 % 50000000 * interval '1 second' as create_date_time,
    case when i % 10 < 7 then timestamp '2025-01-04 00:00:00'
        + i * 13 % 50000000 * interval '1 second' end as finish_date_time,
    split_part('{statuses}', ',', cast(i % {status_count} as integer) + 1) as order_status,
    cast(cast(i * 104729 % 10000000 as numeric(18,2)) * 0.01 as numeric(18,2)) as revenue,
    case when i % 10 < 6 then cast(cast(i * 104723 % 6000000 as numeric(18,2)) * 0.01
        as numeric(18,2)) end as cost,
    'RUB' as currency,
    cast(null as text) as goals,
    'sku-' || 1 + i % 700 || ':' || 1 + i % 3
        || case when i % 3 > 0 then ',sku-' || 701 + i * 31 % 700 || ':1' else '' end
        || case when i % 9 > 6 then ',sku-' || 1401 + i * 37 % 600 || ':2' else '' end
        as products,
    cast(1 + i % 3 + i % 2 as integer) as items_count
from counted
"""

_LISTED_PRODUCTS = """
select 'sku-' || i as name, 'Товар номер ' || i as humanized from counted
"""


def fill(folder: Path, database: Database | None, orders: int) -> MartsWarehouse:
    """Make marts of so many orders, and a fifth as many contacts; all of them can be sent."""
    marts = make_marts(folder, database)
    contacts = contacts_of(orders)
    with _SEED.open(encoding="utf-8") as file:
        statuses = list(csv.DictReader(file))
    for status in statuses:
        row = {key: status[key] or None for key in COLUMNS["order_statuses"]}
        marts.put("order_statuses", row, updated_at=None)
    values = {
        "contacts": contacts,
        "statuses": ",".join(status["id"] for status in statuses),
        "status_count": len(statuses),
    }
    _insert(marts, "products", _LISTED_PRODUCTS, _PRODUCTS)
    _insert(marts, "contacts", _CONTACTS, contacts)
    _insert(marts, "orders", _ORDERS.format(**values), orders)
    for mart in COLUMNS:
        marts.sql(f"alter table metrica.{mart} add primary key ({KEYS[mart]})")
        if database is not None:
            marts.sql(f"create index on metrica.{mart} (updated_at)")
    settle(marts)
    return marts


def contacts_of(orders: int) -> int:
    """Return the number of contacts beside so many orders."""
    return max(orders // _ORDERS_PER_CONTACT, 1)


def _insert(marts: MartsWarehouse, mart: str, query: str, rows: int) -> None:
    columns = ", ".join(COLUMNS[mart])
    texts = ", ".join(f"coalesce(cast({column} as text), '')" for column in COLUMNS[mart])
    since = (datetime.now(UTC) - _HISTORY).isoformat(sep=" ")
    gap = int(_HISTORY / timedelta(milliseconds=1)) // rows
    marts.sql(
        f"""
        insert into metrica.{mart} ({columns}, updated_at, row_hash)
        with counted as (
            select cast(i as bigint) as i from generate_series(1, {rows}) as numbers (i)
        ),
        made as ({query.replace("from counted", ", i from counted")})
        select {columns}, timestamptz '{since}' + i * interval '{gap} milliseconds',
            md5(concat_ws('|', {texts}))
        from made order by i
        """
    )


def settle(marts: MartsWarehouse) -> None:
    """Let PostgreSQL do at once what its autovacuum does between two nightly runs."""
    if marts.database is None:
        marts.sql("checkpoint")
        return
    with marts.database.connect() as session, session.cursor() as cursor:
        cursor.execute("vacuum (analyze)")


def change(marts: MartsWarehouse, rows: int, offset: int) -> None:
    """Change so many orders, spread over the mart, as a dbt build would."""
    ((orders,),) = marts.sql("select count(*) from metrica.orders")
    gap = orders // rows
    marts.sql(
        f"""
        update metrica.orders
        set revenue = coalesce(revenue, 0) + 1, updated_at = now(), row_hash = md5(row_hash)
        where id in (
            select cast({gap} * i - {offset % gap} as text)
            from generate_series(1, {rows}) as numbers (i)
        )
        """
    )


def forget(marts: MartsWarehouse) -> None:
    """Take the ledger away, so that the next run is a first one."""
    marts.sql("drop schema if exists metrica_export cascade")


def bytes_per_delivery(marts: MartsWarehouse) -> float:
    """Return the size of the ledger's deliveries and their index in PostgreSQL, per delivery."""
    ledger = "metrica_export.ledger_deliveries"
    ((size,),) = marts.sql(
        f"select cast(pg_total_relation_size('{ledger}') as float) / count(*) from {ledger}"
    )
    return float(size)
