{{ config(
    incremental_strategy='append',
    post_hook="{{ gather_statistics() }}",
    pre_hook="{{ require_calling_code(ref('metrica_crm', 'phone_calling_codes')) }}",
) }}

{%- set default_code = default_calling_code() %}
{%- set begins_with_code = "left(understood.digits, " ~ default_code | length ~ ") = '"
    ~ default_code ~ "'" %}
{%- set extension = '(ext|extension|доб|добавочный|вн|внутр|внутренний|x|х|#)' %}
{%- set label = '(tel|callto|sms|smsto|тел|телефон|моб)' %}
{#- An area code is too short for a number: 0711, +49 (0)711, 8-812. #}
{%- set space = '[() .-]*' %}
{%- set area = '([+](?:[() /.-]*[0-9]){1,7}|00(?:[() /.-]*[0-9]){1,7}|[08](?:[() /.-]*[0-9]){1,5}'
    '|[0-9](?:[() /.-]*[0-9]){0,3})' %}
{%- set after_area = "(^|[,:='‘’`\"“”„«»<])([( ]*)" ~ area ~ space ~ '/((?:' ~ space
    ~ '[0-9]){4})' %}

-- Most cells hold one number and nothing else, which needs none of the steps up to `dialled`.
-- `offset 0`, because PostgreSQL would otherwise compute a column once for each use.
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
        {{ replaced(
            replaced(
                replaced(
                    'phones', 'tel:([^;,]*);phone-context=([+][0-9().-]+)', '\\2 \\1'
                ),
                '; *ext=', ' ext='
            ),
            ';[a-z-]+=[^;,]*',
            ''
        ) }} as phones
    from written
),

-- A slash after an area code joins: 0711/2842222, 8/812/555-11-11. Between numbers it separates.
separated as (
    select
        cell,
        translate(
            {{ replaced(
                replaced(
                    "translate(" ~ replaced_once(
                        point_for_comma('phones'), '^( *[+]?[0-9]{7,15}),0+ *$', '\\1'
                    ) ~ ", ';' || chr(10) || chr(13), ',,,')",
                    after_area, '\\1\\2\\3 \\4'
                ),
                after_area, '\\1\\2\\3 \\4'
            ) }},
            '/',
            ','
        ) as phones
    from links
),

-- A comma before an extension joins. A plus after a digit begins a number.
marked as (
    select
        cell,
        {{ replaced(
            replaced('phones', ', *' ~ extension, ' \\1'), '([0-9)]|]) *[+]', '\\1,+'
        ) }} as list
    from separated
),

pieces as (
    select
        cell,
        {{ split_rows('list') }} as piece
    from marked
),

-- Characters of a spreadsheet or a link around a number: '8 999 …, ="8 999 …", <tel:+7 999 …>
numbers as (
    select distinct
        cell,
        {{ whole_number(clean_text(replaced(
            'piece',
            "^[ ='‘’`\"“”„«»<]*(" ~ label ~ "[.:]+)?[ '‘’`\"“”„«»]*|[ '‘’`\"“”„«»>]+$",
            ''
        ))) }} as raw
    from pieces
),

without_extension as (
    select
        cell,
        raw,
        {{ replaced_once(
            'raw', '[ (]*' ~ extension ~ '[.:№= ]*[0-9]+ *\\)?$', ''
        ) }} as dialled
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
        translate({{ replaced_once('dialled', '^[[( ]*00', '') }}, '][+() ._~-', '') as digits
    from without_extension
    offset 0
),

-- One row, also without a default country.
home as (
    select
        max(calling_code) as calling_code,
        max(trunk_prefixes) as trunk_prefixes,
        max(nullif(exit_prefix, '')) as exit_prefix,
        bool_or(leading_zero) as leading_zero,
        max(national_lengths) as national_lengths
    from calling_codes
    where calling_code = '{{ default_code }}'
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
    offset 0
),

-- No calling code is the beginning of another one, so at most one of the three lengths matches.
coded as (
    select
        understood.*,
        {% for column in ['calling_code', 'trunk_prefixes', 'leading_zero', 'national_lengths'] -%}
        case
            when not understood.is_number then null
            when understood.is_international
                then coalesce(of_1.{{ column }}, of_2.{{ column }}, of_3.{{ column }})
            else home.{{ column }}
        end as {{ column }},
        {% endfor -%}
        not understood.is_international
        and {{ begins_with_code }} as begins_with_code
    from understood
    cross join home
    {% for length in [1, 2, 3] -%}
    left join calling_codes as of_{{ length }}
        on
            case
                when understood.is_international then left(understood.digits, {{ length }})
            end = of_{{ length }}.calling_code
    {% endfor -%}
    offset 0
),

-- In a country with trunk prefixes, a number without the prefix that begins like the calling code
-- begins with the calling code. In other countries it may be a number of that area.
readings as (
    select
        cell,
        raw,
        is_number,
        is_international,
        calling_code,
        trunk_prefixes,
        leading_zero,
        national_lengths,
        case
            when is_international then substr(digits, length(calling_code) + 1)
            when begins_with_code and trunk_prefixes <> ''
                then substr(digits, {{ default_code | length + 1 }})
            else digits
        end as national,
        case
            when not begins_with_code then null
            when trunk_prefixes <> '' then digits
            else substr(digits, {{ default_code | length + 1 }})
        end as other_national
    from coded
    offset 0
),

phones as (
    select
        cell,
        raw,
        is_number,
        is_international,
        calling_code,
        national,
        calling_code || coalesce(
            {% for national in ['national', 'other_national'] -%}
            {% set last = loop.last -%}
            {% for dropped in [0, 1, 2] -%}
            {{ subscriber_number(national, dropped) }}{{ "," if not (last and loop.last) }}
            {% endfor -%}
            {% endfor -%}
        ) as phone
    from readings
    offset 0
)

select
    cell,
    raw,
    phone,
    case
        when phone is not null then null
        when {{ lost_digits('raw') }} then 'written_by_a_spreadsheet'
        when not is_number then 'not_a_phone'
        -- The shortest numbers of a country have four digits.
        when not is_international and length(national) >= 4 then 'no_country_code'
        when not is_international then 'impossible_number'
        when calling_code is null then 'unknown_country_code'
        else 'impossible_number'
    end as reason
from phones
