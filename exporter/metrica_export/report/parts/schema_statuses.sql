-- Every order status of the mart or of the ledger; `change` is NULL if both are equal. An empty
-- display name in the mart keeps Metrica's.
with mart as (
    select
        cast(id as text) as id,
        any_value(cast(type as text)) as type,
        any_value(cast(humanized as text)) as humanized,
        any_value(cast(goal_action_ids as text)) as goal_action_ids
    from {{ statuses }} as m
    where id is not null
    group by cast(id as text)
),

recorded as (select * from {{ recorded }} as recorded)

select
    coalesce(mart.id, recorded.id) as id,
    case
        when recorded.id is null then 'missing'
        when mart.id is null then 'absent'
        when mart.type <> recorded.type then 'different'
        when mart.humanized <> coalesce(recorded.humanized, '') then 'different'
        when
            list_sort(string_split(coalesce(mart.goal_action_ids, ''), ','))
            <> list_sort(string_split(coalesce(recorded.goal_action_ids, ''), ','))
            then 'different'
    end as change,
    mart.type as mart_type,
    mart.humanized as mart_name,
    recorded.type as metrica_type,
    recorded.humanized as metrica_name
from mart
full outer join recorded on mart.id = recorded.id
order by coalesce(mart.id, recorded.id)
