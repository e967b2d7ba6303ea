-- Counts of delivered rows, orders that turn PAID, changed creation dates, and values by column
-- that become empty.
select
    count(*) filter (where p._delivered) as delivered,
    count(*) filter (
        where
        p._delivered
        -- An unchanged order on its path was counted by the run that sent its first step.
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
