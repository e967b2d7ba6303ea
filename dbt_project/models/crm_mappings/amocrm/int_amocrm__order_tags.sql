{{ config(enabled=var('crm') == 'amocrm') }}

-- The reasons of a lost lead, and its tags.
with leads as (
    select * from {{ ref('metrica_crm', 'base_amocrm__leads') }}
),

items as (
    select
        order_id,
        {{ list_rows(json_items(json_member('embedded', 'loss_reason'))) }} as item
    from leads
    union all
    select
        order_id,
        {{ list_rows(json_items(json_member('embedded', 'tags'))) }} as item
    from leads
)

select distinct
    order_id,
    {{ json_text('item', 'name') }} as name
from items
where {{ json_text('item', 'name') }} is not null
