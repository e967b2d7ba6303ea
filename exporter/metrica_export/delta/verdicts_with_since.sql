select
    verdicts.*,
    earlier._since
from ({{ verdicts }}) as verdicts
left join (
    select
        coalesce('id:' || _id, 'hash:' || _hash, '') as _key,
        min(_since) as _since
    from {{ recorded_verdicts }}
    where _state <> 'pending'
    group by all
) as earlier
    on coalesce('id:' || verdicts._id, 'hash:' || verdicts._hash, '') = earlier._key
