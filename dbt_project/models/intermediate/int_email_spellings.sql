{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook=["{{ delete_unused_spellings('email') }}", "{{ mark_reading() }}"],
) }}

with cells as (
    {{ new_spellings('email') }}
),

pieces as (
    select
        cell,
        unnest(string_to_array(translate(cell, ';' || chr(10) || chr(13), ',,,'), ',')) as piece
    from cells
),

addresses as (
    select distinct
        cell,
        {{ clean_text('piece') }} as raw
    from pieces
),

judged as (
    select
        cell,
        raw,
        case
            when position('@' in raw) = 0 then 'no_at_sign'
            when {{ matches('raw', '[^!-~]') }} then 'not_latin'
            when not {{ matches(
                'raw',
                '^[A-Za-z0-9_%+=#$&*!?^{|}~-]+([.][A-Za-z0-9_%+=#$&*!?^{|}~-]+)*'
                '@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$'
            ) }} then 'not_an_address'
            when length(raw) > 254 then 'not_an_address'
        end as reason
    from addresses
    where raw is not null
)

select
    cell,
    raw,
    case when reason is null then {{ fold_case('raw') }} end as email,
    reason
from judged
