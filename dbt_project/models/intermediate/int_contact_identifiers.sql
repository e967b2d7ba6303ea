with cells as (
    select * from {{ ref('int_identifier_cells') }}
),

client_id_pieces as (
    select
        contact_id,
        unnest(string_to_array(translate(cell, '; ', ',,'), ',')) as piece
    from cells
    where kind = 'client_id'
),

client_ids as (
    select
        contact_id,
        {{ clean_text('piece') }} as raw
    from client_id_pieces
),

judged_client_ids as (
    select
        contact_id,
        raw,
        case
            when translate(raw, '0123456789', '') in ('.e+', '.E+', 'e+', 'E+')
                then 'written_by_a_spreadsheet'
            when translate(raw, '0123456789', '') <> '' then 'not_digits'
            when left(raw, 1) = '0' or length(raw) > 20 then 'not_a_client_id'
        end as reason
    from client_ids
    where raw is not null
)

select
    cells.contact_id,
    cells.kind,
    spellings.raw,
    spellings.phone as identifier,
    spellings.reason
from cells
inner join {{ ref('int_phone_spellings') }} as spellings on cells.cell = spellings.cell
where cells.kind = 'phone'
union all
select
    cells.contact_id,
    cells.kind,
    spellings.raw,
    spellings.email as identifier,
    spellings.reason
from cells
inner join {{ ref('int_email_spellings') }} as spellings on cells.cell = spellings.cell
where cells.kind = 'email'
union all
select
    contact_id,
    'client_id' as kind,
    raw,
    case when reason is null then raw end as identifier,
    reason
from judged_client_ids
