select
    _group,
    min(_row) as first_row,
    max(_row) as last_row,
    count(*) as row_count,
    cast(sum(_size) as bigint) as size,
    epoch(min(_deadline) - {{ now }}) as closes
from ({{ rows }}) as sendable
group by _group, _row // {{ step }}
order by _group, min(_row)
