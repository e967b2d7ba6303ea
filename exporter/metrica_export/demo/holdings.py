"""The data in Metrica after the demo, from the emulator's state."""

import sqlite3
from collections import Counter

import click

from metrica_export import console
from metrica_export.demo.links import Link


def show_schema(state: sqlite3.Connection) -> None:
    """Print the mapping of statuses and the custom attributes."""
    mapping = state.execute(_STATUSES).fetchall()
    console.show(("status", "type", "orders in it now", "goals that it reaches"), mapping)
    attributes = state.execute(_ATTRIBUTES).fetchall()
    console.show(("attribute of", "name", "type", "shown as"), attributes)


def show_holdings(state: sqlite3.Connection, links: list[Link]) -> None:
    """Print counts of all objects, and of orders by status type those that are tied to visits."""
    tied = Counter(link.status_type for link in links if link.visit_id)
    console.show(
        ("objects", "kind", "count", "of them tied to a visit", "revenue, RUB"),
        [
            (objects, kind, count, tied[kind] if objects == "orders" else None, revenue)
            for objects, kind, count, revenue in state.execute(_COUNTS)
        ],
    )
    reasons = Counter(link.reason for link in links if link.reason)
    untied = ", ".join(f"{reason.replace('_', ' ')} {n}" for reason, n in reasons.most_common())
    click.echo(f"Orders tied to no visit: {untied}.")


_COUNTS = """
select 'contacts', '', count(*), null from contacts
union all
select 'orders', status_type, count(*),
    cast(round(sum(revenue) filter (where currency = 'RUB')) as integer)
from orders group by status_type
union all
select 'products', '', count(*), null from products
union all
select 'goals reached', goal, count(*),
    cast(round(sum(revenue) filter (where currency = 'RUB')) as integer)
from goals_reached group by goal
"""

# A status reaches the goals of its type, and the JavaScript goals of its row in the seed.
_STATUSES = """
with reached as (
    select distinct json_extract(a.state, '$.order_status') as status, g.goal
    from goals_reached as g
    join applied as a
        on a.uploading_id = g.uploading_id and a.entity = g.entity and a.id = g.order_key
    order by g.goal
)
select
    s.id, s.type,
    (select count(*) from orders where order_status = s.id),
    (select group_concat(goal, ', ') from reached where status = s.id)
from order_statuses as s
order by instr('IN_PROGRESS PAID CANCELLED SPAM OTHER', s.type), s.id
"""

_ATTRIBUTES = """
select entity_type, name, type_name, humanized from attributes order by entity_type, name
"""
