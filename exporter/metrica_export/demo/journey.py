"""One order's way through three statuses: in the CRM, in uploads, to the goals of a visit."""

import sqlite3

import click
import duckdb

from metrica_export import console
from metrica_export.demo.links import Link
from metrica_export.errors import ExportError


def show_journey(
    warehouse: duckdb.DuckDBPyConnection, state: sqlite3.Connection, links: list[Link], zone: str
) -> None:
    """Print the way of an order that is tied to a visit, times as the clocks of `zone` show them.

    It is one that both of the demo's runs went on with, if there is one. Raises ExportError
    when no order went through three statuses.
    """
    visits = {link.order: link.visit_id for link in links if link.visit_id}
    found = warehouse.execute(_CHOICE, [list(visits)]).fetchone()
    if found is None:
        raise ExportError("No order of the demo went through three statuses.")
    order, contact, products = found
    steps = warehouse.execute(_STEPS, {"order": order, "zone": zone}).fetchall()
    goals = dict(state.execute(_GOALS, [order]).fetchall())
    click.echo(f"Order {order} of contact {contact}; its products: {products}")
    console.show(
        ("status", "in the CRM since", "upload", "sent", "Metrica's id for it", "goals reached"),
        [(*step, goals.get(step[-1])) for step in steps],
    )
    [(began,)] = state.execute(_BEGINNING, [visits[order]]).fetchall()
    click.echo(
        f"Metrica ties it to {visits[order]}, which began on {began} and reaches these goals."
    )


_CHOICE = """
select o.id, o.client_uniq_id, o.products
from metrica_export.order_steps as s
inner join metrica_export.uploads as u on s.upload_no = u.upload_no
inner join metrica.orders as o on s.id = o.id
where
    s.entity = 'orders'
    and s.status = 'PASSED'
    and o.products is not null
    and s.id in (select unnest(?))
group by o.id, o.client_uniq_id, o.products
having count(*) = 3 and count(distinct s.order_status) = 3
order by count(distinct u.run_no) desc, length(o.products) desc, o.id
limit 1
"""

_STEPS = """
select
    s.order_status,
    strftime(timezone($zone, h.changed_at), '%-d %b %H:%M:%S'),
    s.upload_no,
    strftime(timezone($zone, s.started_at), '%-d %b %H:%M:%S'),
    s.uploading_id
from metrica_export.order_steps as s
left join crm.order_status_history as h
    on s.id = cast(h.order_id as text) and s.order_status = h.status
where s.entity = 'orders' and s.id = $order
order by s.upload_no
"""

_GOALS = """
select uploading_id, group_concat(goal, ', ')
from goals_reached where entity = 'orders' and order_key = ?
group by uploading_id
"""

_BEGINNING = "select started_at from visits where visit_id = ?"
