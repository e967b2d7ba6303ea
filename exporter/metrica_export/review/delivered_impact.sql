-- The rows that Metrica has, that turn PAID, whose creation date moved; then lost values.
select
    count(*) filter (where p._delivered) as delivered,
    count(*) filter (
        where
        p._delivered
        -- The run that began an order's path counted its statuses, and the order did not change.
        and k._hash is distinct from {{ early_hash }}
        and coalesce(p._status, '') not in ({{ delivered_paid_statuses }})
        and list_has_any(
            coalesce(x._pending, [x._status]),
            (select coalesce(list(_id), []) from ({{ paid_statuses }}))
        )
    ) as paid,
    count(*) filter (where {{ is_moved }}) as moved
    {{ lost }}
from {{ delivered_state }} as p
inner join {{ staged }} as s on p._row = s.rowid
inner join ({{ rows }}) as x on p._row = x._row
left join {{ delivered }} as k on s._id = k._id
