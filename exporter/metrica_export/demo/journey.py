"""The statuses of one order: in the CRM, in uploads, and as reached goals of a visit."""

import sqlite3

import click
import duckdb

from metrica_export import console
from metrica_export.demo.links import Link
from metrica_export.errors import ExportError


def show_journey(
    warehouse: duckdb.DuckDBPyConnection, state: sqlite3.Connection, links: list[Link], zone: str
) -> None:
    """Print the statuses of an order that is tied to a visit, with times in the zone `zone`.

    An order of both runs of the demo is preferred. Raises ExportError if no order had three
    statuses.
    """
    visits = {link.order: link.visit_id for link in links if link.visit_id}
    found = warehouse.execute(_CHOICE, [list(visits)]).fetchone()
    if found is None:
        raise ExportError("No order of the demo had three statuses. Rerun `metrica-export demo`.")
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
        f"Metrica ties it to {visits[order]}, which began on {began} and reached these goals."
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
