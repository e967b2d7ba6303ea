select
    count(*) filter (where state = 'pending') as pending,
    count(*) filter (where state = 'held') as held,
    count(*) filter (where state = 'rejected') as rejected,
    count(*) filter (
        where
        state <> 'rejected'
        and deadline between {{ now }} and {{ now }} + interval '1 day'
    ) as expiring,
    count(*) filter (
        where
        state <> 'rejected'
        and deadline between {{ now }} and {{ now }} + interval '{{ soon_days }} days'
    ) as soon,
    count(*) filter (
        where
        state <> 'rejected'
        and was_delivered
        and deadline between {{ now }} and {{ now }} + interval '{{ soon_days }} days'
    ) as soon_changed,
    count(*) filter (
        where
        state <> 'rejected'
        and not was_delivered
        and deadline >= {{ expired_since }}
        and deadline < {{ now }}
    ) as expired
from {{ undelivered }}
