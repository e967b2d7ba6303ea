create or replace table {{ standing_verdicts }} as
select recorded.*
from {{ recorded_verdicts }} as recorded
left join {{ mart_keys }} as keys on recorded._id = keys._id
where
    recorded._id is not null
    and recorded._id not in (
        select _id from {{ changed_ids }}
        where _id is not null
    )
    and case
        when keys._id is null then {{ beyond_window }}
        else
            recorded._state = 'rejected'
            and recorded._hash = keys._hash
            and not exists (
                select 1
                from {{ delivered }} as delivered
                where delivered._id = keys._id and delivered._hash = keys._hash
            )
    end
