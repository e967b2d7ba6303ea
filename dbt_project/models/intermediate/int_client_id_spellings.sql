{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook=["{{ delete_unused_spellings('client_id') }}", "{{ mark_reading() }}"],
) }}

with cells as (
    {{ new_spellings('client_id') }}
),

pieces as (
    select
        cell,
        unnest(string_to_array(translate(cell, '; ' || chr(10) || chr(13), ',,,,'), ',')) as piece
    from cells
),

client_ids as (
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
            when {{ matches('raw', '^[0-9]+([.][0-9]+)?[Ee][+]?[0-9]+$') }}
                then 'written_by_a_spreadsheet'
            when {{ matches('raw', '[^0-9]') }} then 'not_digits'
            when not {{ matches('raw', '^[1-9][0-9]{0,19}$') }} then 'not_a_client_id'
        end as reason
    from client_ids
    where raw is not null
)

select
    cell,
    raw,
    reason,
    case when reason is null then raw end as client_id
from judged
