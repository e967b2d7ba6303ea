-- Visits to the site for the emulator: the visit of every third order of three weeks whose
-- contact has a ClientID.
-- Parameter: `zone`, the counter's time zone.

select
    'visit-' || o.order_id as visit_id,
    strftime(
        timezone($zone, o.created_at - to_minutes(3 + o.order_id % 50)), '%Y-%m-%d %H:%M:%S'
    ) as started_at,
    c.metrica_client_id as client_id
from crm.orders as o
inner join crm.contacts as c using (contact_id)
where
    o.order_id % 3 = 0
    and o.created_at > (select max(created_at) from crm.orders) - to_hours(504)
    and regexp_full_match(c.metrica_client_id, '[0-9]+')
order by o.order_id;
