{{ config(
    materialized='table',
    post_hook="{{ gather_statistics() }}",
    pre_hook="{{ require_calling_code(ref('metrica_crm', 'phone_calling_codes')) }}",
) }}

{%- set default_code = default_calling_code() %}
{%- set extension = '(ext|extension|доб|добавочный|вн|внутр|внутренний|x|х|#)' %}
{%- set label = '(tel|callto|sms|smsto|тел|телефон|моб)' %}
{#- An area code is too short for a number: 0711, +49 (0)711, 8-812. #}
{%- set space = '[() .-]*' %}
{%- set area = '([+](?:[() /.-]*[0-9]){1,7}|00(?:[() /.-]*[0-9]){1,7}|[08](?:[() /.-]*[0-9]){1,5}'
    '|[0-9](?:[() /.-]*[0-9]){0,3})' %}
{%- set after_area = "(^|[,:=''‘’`\"“”„«»<])([( ]*)" ~ area ~ space ~ '/((?:' ~ space
    ~ '[0-9]){4})' %}
{%- set code_columns = 'codes.calling_code, codes.trunk_prefixes, codes.leading_zero, '
    'codes.national_lengths' %}

-- Most cells hold one number and nothing else, which needs none of the steps up to `dialled`.
with {{ identifier_cells('phone', simple='^ *[+(]?[0-9][0-9() -]*$') }}

calling_codes as (
    select * from {{ ref('metrica_crm', 'phone_calling_codes') }}
),

written as (
    select
        cell,
        {{ phone_text('element') }} as phones
    from elements
),

-- A link: tel:999-555-11-11;phone-context=+7;ext=12
links as (
    select
        cell,
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    phones, 'tel:([^;,]*);phone-context=([+][0-9().-]+)', '\2 \1', 'g'
                ),
                '; *ext=', ' ext=', 'g'
            ),
            ';[a-z-]+=[^;,]*',
            '',
            'g'
        ) as phones
    from written
),

-- A slash after an area code joins: 0711/2842222, 8/812/555-11-11. Between numbers it separates.
separated as (
    select
        cell,
        translate(
            regexp_replace(
                regexp_replace(
                    translate(
                        regexp_replace(
                            {{ point_for_comma('phones') }}, '^( *[+]?[0-9]{7,15}),0+ *$', '\1'
                        ),
                        ';' || chr(10) || chr(13),
                        ',,,'
                    ),
                    '{{ after_area }}', '\1\2\3 \4', 'g'
                ),
                '{{ after_area }}', '\1\2\3 \4', 'g'
            ),
            '/',
            ','
        ) as phones
    from links
),

-- A comma before an extension joins. A plus after a digit begins a number.
marked as (
    select
        cell,
        regexp_replace(
            regexp_replace(phones, ', *{{ extension }}', ' \1', 'g'), '([0-9)]|]) *[+]', '\1,+', 'g'
        ) as list
    from separated
),

pieces as (
    select
        cell,
        unnest(string_to_array(list, ',')) as piece
    from marked
),

-- Characters of a spreadsheet or a link around a number: '8 999 …, ="8 999 …", <tel:+7 999 …>
numbers as (
    select distinct
        cell,
        {{ whole_number(clean_text(
            "regexp_replace(piece, '^[ =''‘’`\"“”„«»<]*(" ~ label
            ~ "[.:]+)?[ ''‘’`\"“”„«»]*|[ ''‘’`\"“”„«»>]+$', '', 'g')"
        )) }} as raw
    from pieces
),

without_extension as (
    select
        cell,
        raw,
        regexp_replace(raw, '[ (]*{{ extension }}[.:№= ]*[0-9]+ *\)?$', '') as dialled
    from numbers
    where raw is not null
    union all
    select
        cell,
        trim(both ' ' from cell) as raw,
        trim(both ' ' from cell) as dialled
    from cells
    where is_simple
),

dialled_digits as (
    select
        cell,
        raw,
        {{ matches(
            'dialled', '^[][0-9+() ._~-]*[0-9][][0-9() ._~-]*$'
        ) }} as is_number,
        {{ matches('dialled', '^[[( ]*([+]|00)') }} as is_international,
        translate(regexp_replace(dialled, '^[[( ]*00', ''), '][+() ._~-', '') as digits
    from without_extension
    offset 0
),

-- One row, also without a default country.
home as (
    select max(exit_prefix) as exit_prefix
    from calling_codes
    where calling_code = '{{ default_code }}' and exit_prefix <> ''
),

-- Calls abroad begin with the exit prefix of the default country: 8 10 375 …, 011 44 …
dialled_abroad as (
    select
        dialled_digits.*,
        home.exit_prefix,
        coalesce(
            not dialled_digits.is_international
            and left(dialled_digits.digits, length(home.exit_prefix)) = home.exit_prefix
            and substr(dialled_digits.digits, length(home.exit_prefix) + 1, 1) <> '0',
            false
        ) as is_abroad
    from dialled_digits
    cross join home
),

understood as (
    select
        cell,
        raw,
        is_number,
        is_international or is_abroad as is_international,
        case
            when is_abroad then substr(digits, length(exit_prefix) + 1) else digits
        end as digits
    from dialled_abroad
),

readings as (
    -- No calling code is the beginning of another one, so at most one of the three lengths matches.
    {% for length in [1, 2, 3] %}
    select
        understood.cell,
        understood.raw,
        {{ code_columns }},
        substr(understood.digits, {{ length + 1 }}) as national,
        1 as preference
    from understood
    inner join calling_codes as codes
        on left(understood.digits, {{ length }}) = codes.calling_code
    where understood.is_number and understood.is_international
    union all
    {% endfor %}
    select
        understood.cell,
        understood.raw,
        {{ code_columns }},
        understood.digits as national,
        2 as preference
    from understood
    inner join calling_codes as codes
        on codes.calling_code = '{{ default_code }}'
    where understood.is_number and not understood.is_international
    union all
    -- In a country with trunk prefixes, a number without the prefix that begins like the calling
    -- code begins with the calling code. In other countries it may be a number of that area.
    select
        understood.cell,
        understood.raw,
        {{ code_columns }},
        substr(understood.digits, {{ default_code | length + 1 }}) as national,
        case when codes.trunk_prefixes <> '' then 1 else 3 end as preference
    from understood
    inner join calling_codes as codes
        on
            codes.calling_code = '{{ default_code }}'
            and left(understood.digits, {{ default_code | length }}) = codes.calling_code
    where understood.is_number and not understood.is_international
),

dropped as (
    select 0 as digits
    union all
    select 1 as digits
    union all
    select 2 as digits
),

possible as (
    select
        readings.cell,
        readings.raw,
        readings.calling_code || substr(readings.national, dropped.digits + 1) as phone,
        row_number() over (
            partition by readings.cell, readings.raw
            order by readings.preference, dropped.digits
        ) as place
    from readings
    cross join dropped
    where
        (
            dropped.digits = 0
            or position(
                ',' || left(readings.national, dropped.digits) || ','
                in ',' || readings.trunk_prefixes || ','
            ) > 0
        )
        and position(
            ',' || cast(length(readings.national) - dropped.digits as text) || ','
            in ',' || readings.national_lengths || ','
        ) > 0
        and (
            readings.leading_zero
            or substr(readings.national, dropped.digits + 1, 1) <> '0'
        )
),

coded as (
    select distinct
        cell,
        raw
    from readings
)

select
    understood.cell,
    understood.raw,
    possible.phone,
    case
        when possible.phone is not null then null
        when {{ lost_digits('understood.raw') }} then 'written_by_a_spreadsheet'
        when not understood.is_number then 'not_a_phone'
        when not understood.is_international then 'no_country_code'
        when coded.raw is null then 'unknown_country_code'
        else 'impossible_number'
    end as reason
from understood
left join possible
    on
        understood.cell = possible.cell
        and understood.raw = possible.raw
        and possible.place = 1
left join coded
    on understood.cell = coded.cell and understood.raw = coded.raw
