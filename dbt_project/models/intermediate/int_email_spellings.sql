{{ config(incremental_strategy='append', post_hook="{{ gather_statistics() }}") }}

{%- set atext = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]" %}

-- Most cells hold one address and nothing else, which needs none of the steps up to `raw`.
with {{ identifier_cells('email', simple='^ *[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+ *$') }}

pieces as (
    -- A comma inside a quoted name, "Li, Anna" <a@example.com>, is not a separator.
    select
        cell,
        {{ split_rows(
            "translate(" ~ replaced('element', '"[^"@]*" *<', '<')
            ~ ", ';' || chr(10) || chr(13), ',,,')"
        ) }} as piece
    from elements
),

-- Name <a@example.com>, and characters of a spreadsheet or a link around an address.
bare as (
    select
        cell,
        {{ replaced(
            replaced_once(visible_text('piece'), '^.*<([^<>]*@[^<>]*)>.*$', '\\1'),
            '^[ =\'‘’"“”„«»<[]+|[]> \'‘’"“”„«»]+$',
            ''
        ) }} as address
    from pieces
),

addresses as (
    select distinct
        cell,
        {{ clean_text(
            replaced_once('address', '^[Mm][Aa][Ii][Ll][Tt][Oo]:([^?]*)([?].*)?$', '\\1')
        ) }} as raw
    from bare
    union all
    select
        cell,
        trim(both ' ' from cell) as raw
    from cells
    where is_simple
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
                '^' ~ atext ~ '+([.]' ~ atext ~ '+)*'
                '@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$'
            ) }} then 'not_an_address'
            when length(raw) > 254 or position('@' in raw) > 65 then 'not_an_address'
        end as reason
    from addresses
    where raw is not null
    offset 0
)

select
    cell,
    raw,
    case when reason is null then {{ fold_case('raw') }} end as email,
    reason
from judged
