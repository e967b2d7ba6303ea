{{ config(incremental_strategy='append', post_hook="{{ gather_statistics() }}") }}

-- Most cells hold one id and nothing else, which needs none of the steps up to `raw`.
with {{ identifier_cells('client_id', simple='^ *[0-9]+ *$') }}

pieces as (
    select
        cell,
        {{ split_rows(
            "translate(" ~ point_for_comma('element') ~ ", '; ' || chr(10) || chr(13), ',,,,')"
        ) }} as piece
    from elements
),

-- A spreadsheet writes a number as text with an apostrophe or a formula: '123, ="123".
client_ids as (
    select distinct
        cell,
        {{ replaced(clean_text('piece'), '^[=\'"[]+|[]\'"]+$', '') }} as raw
    from pieces
),

numbers as (
    select
        cell,
        raw,
        {{ whole_number('raw') }} as digits
    from client_ids
    where raw <> ''
    union all
    select
        cell,
        trim(both ' ' from cell) as raw,
        trim(both ' ' from cell) as digits
    from cells
    where is_simple
),

judged as (
    select
        cell,
        raw,
        digits,
        case
            when {{ lost_digits('digits') }} then 'written_by_a_spreadsheet'
            when {{ matches('digits', '[^0-9]') }} then 'not_digits'
            -- A fraction: beyond 2^53 a floating-point number has lost its last digits.
            when
                digits <> raw
                and lpad({{ bytes('digits') }}, 20, '0') > '00009007199254740992'
                then 'written_by_a_spreadsheet'
            when length(digits) > 20 or not {{ matches('digits', '^[1-9]') }} then 'not_a_client_id'
        end as reason
    from numbers
    offset 0
)

select
    cell,
    raw,
    reason,
    case when reason is null then digits end as client_id
from judged
