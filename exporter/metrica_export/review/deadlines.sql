select
    count(*) as total,
    count(*) filter (where _deadline < {{ now }}) as late,
    count(*) filter (
        where _deadline between {{ now }} and {{ now }} + interval '1 day'
    ) as expiring
from ({{ rows }}) as sendable
