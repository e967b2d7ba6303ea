{% macro cell_text(value, types={}) -%}
    {{ return(adapter.dispatch('cell_text', 'metrica_crm')(value, types)) }}
{%- endmacro %}

{% macro default__cell_text(value, types={}) -%}
    {{ _unsupported_adapter('cell_text') }}
{%- endmacro %}

{% macro postgres__cell_text(value, types={}) -%}
    {#- Without the inner case the planner would try the cast on a constant of another type. -#}
    {%- set type = _type_name(value, types) -%}
    {%- set number = "cast(case when " ~ type ~ " in ('numeric', 'double precision', 'real') then "
        ~ "cast(" ~ value ~ " as text) end as double precision)" -%}
    case
        when {{ _is_type(value, ['text'], types) }} then cast({{ value }} as text)
        when {{ type }} like '%]' then cast(to_json({{ value }}) as text)
        when {{ type }} in ('json', 'jsonb') then nullif(cast({{ value }} as text), 'null')
        when
            {{ type }} = 'numeric'
            and {{ matches("cast(" ~ value ~ " as text)", '^[0-9]+([.]0*)?$') }}
            then split_part(cast({{ value }} as text), '.', 1)
        when {{ _is_exact(number, type ~ " = 'real'") }} then cast(cast({{ number }} as bigint) as text)
        when abs({{ number }}) < 1e300
            then trim(both ' ' from to_char({{ number }}, '9.9999999999999999EEEE'))
        else cast({{ value }} as text)
    end
{%- endmacro %}

{% macro duckdb__cell_text(value, types={}) -%}
    {%- set type = _type_name(value, types) -%}
    {%- set number = "case when " ~ matches(type, '^(decimal|double|float)') ~ " then try_cast(cast("
        ~ value ~ " as text) as double) end" -%}
    {#- to_json() writes all digits of a single, of which seven are right. -#}
    case
        when {{ matches(type, 'float.*(]|[)])$') }}
            then regexp_replace(
                cast(to_json({{ value }}) as text), '([0-9])[0-9]{7,}[.]0', '\1e+7', 'g'
            )
        when {{ matches(type, '(^struct.*|])$') }} then cast(to_json({{ value }}) as text)
        when {{ type }} = 'json' then nullif(cast({{ value }} as text), 'null')
        when
            {{ matches(type, '^decimal') }}
            and {{ matches("cast(" ~ value ~ " as text)", '^[0-9]+([.]0*)?$') }}
            then split_part(cast({{ value }} as text), '.', 1)
        when {{ _is_exact(number, type ~ " = 'float'") }}
            then cast(try_cast({{ number }} as bigint) as text)
        when abs({{ number }}) < 1e300 then printf('%.16e', {{ number }})
        else cast({{ value }} as text)
    end
{%- endmacro %}

{% macro spark__cell_text(value, types={}) -%}
    {%- if modules.re.match('(array|struct|map)<', types.get(value, '')) -%}
        {{ return("to_json(" ~ value ~ ", map('ignoreNullFields', 'false'))") }}
    {%- endif -%}
    {%- set type = _type_name(value, types) -%}
    {%- set number = "case when " ~ matches(type, '^(decimal|double|float)') ~ " then try_cast(cast("
        ~ value ~ " as string) as double) end" -%}
    case
        when
            {{ matches(type, '^decimal') }}
            and {{ matches("cast(" ~ value ~ " as string)", '^[0-9]+([.]0*)?$') }}
            then split_part(cast({{ value }} as string), '.', 1)
        when {{ _is_exact(number, type ~ " = 'float'") }}
            then cast(cast({{ number }} as bigint) as string)
        when abs({{ number }}) < 1e300 then printf('%.16e', {{ number }})
        else cast({{ value }} as string)
    end
{%- endmacro %}


{% macro _is_exact(number, is_single) -%}
    {#- Beyond 2^24 and 2^53 neighbouring whole numbers have the same floating-point number. -#}
    {{ number }} = floor({{ number }})
    and {{ number }} between 0 and case when {{ is_single }} then 16777216 else 9007199254740992 end
{%- endmacro %}


{% macro identifier_cells(kind, simple) -%}
    distinct_cells as (
        select distinct cell
        from (select * from {{ ref('metrica_crm', 'int_identifier_cells') }}) as written
        where
            kind = '{{ kind }}'
            {%- if is_incremental() %}
            and not exists (select 1 from {{ this }} as spelled where spelled.cell = written.cell)
            {%- endif %}
    ),

    cells as (
        select
            cell,
            {{ matches('cell', simple) }} as is_simple
        from distinct_cells
        offset 0
    ),

    other_cells as (
        select cell
        from cells
        where not is_simple
    ),

    elements as (
        {{ cell_elements('other_cells') }}
    ),
{%- endmacro %}


{% macro cell_elements(cells) -%}
    select
        cell,
        {{ _without_braces('cell') }} as element
    from {{ cells }}
    where not {{ _is_json('cell') }}
    union all
    select
        cell,
        {{ _json_item_text('item') }} as element
    from (
        select
            cell,
            {{ list_rows(_json_items('cell')) }} as item
        from {{ cells }}
        where {{ _is_json('cell') }}
    ) as items
{%- endmacro %}


{% macro _without_braces(cell) -%}
    {#- A PostgreSQL array that was loaded as text: `{"+7 999 …",NULL}`. -#}
    case
        when {{ matches(cell, '^[{][^{}]*[}]$') }}
            then {{ replaced("translate(" ~ cell ~ ", '{}\"', '')", '(^|,)NULL(,|$)', '\\1\\2') }}
        else {{ cell }}
    end
{%- endmacro %}


{% macro list_rows(list) -%}
    {{ return(adapter.dispatch('list_rows', 'metrica_crm')(list)) }}
{%- endmacro %}

{% macro default__list_rows(list) -%}
    {{ _unsupported_adapter('list_rows') }}
{%- endmacro %}

{% macro postgres__list_rows(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro duckdb__list_rows(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro spark__list_rows(list) -%}
    explode({{ list }})
{%- endmacro %}


{% macro numbered_list_rows(list, item, place) -%}
    {#- Two columns: the item, and its place in the list from 1. -#}
    {{ return(adapter.dispatch('numbered_list_rows', 'metrica_crm')(list, item, place)) }}
{%- endmacro %}

{% macro default__numbered_list_rows(list, item, place) -%}
    {{ _unsupported_adapter('numbered_list_rows') }}
{%- endmacro %}

{% macro postgres__numbered_list_rows(list, item, place) -%}
    unnest({{ list }}) as {{ item }},
    generate_subscripts({{ list }}, 1) as {{ place }}
{%- endmacro %}

{% macro duckdb__numbered_list_rows(list, item, place) -%}
    unnest({{ list }}) as {{ item }},
    generate_subscripts({{ list }}, 1) as {{ place }}
{%- endmacro %}

{% macro spark__numbered_list_rows(list, item, place) -%}
    inline(transform({{ list }}, (element, number) -> struct(element, number + 1)))
    as ({{ item }}, {{ place }})
{%- endmacro %}


{% macro _is_json(text) -%}
    {#- JSON's grammar for a text, and for a list of texts, numbers and flat objects. PostgreSQL
        before 16 cannot try a cast, and a cell without JSON must not stop the build. The grammar
        excludes NUL and halves of surrogate pairs, which PostgreSQL rejects, and numbers with an
        exponent, which may have lost digits. -#}
    {%- set any = _any_number() -%}
    {%- set blank = '[ \\t\\r\\n]' ~ any -%}
    {%- set item = blank ~ _json_item_pattern() ~ blank -%}
    {%- set pair = '\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}' -%}
    (
        {{ matches(text, '^' ~ blank ~ '[[{"]') }}
        and {{ matches(
            text, '^(?:' ~ item ~ '|' ~ blank ~ '\\[' ~ item ~ '(?:,' ~ item ~ ')' ~ any ~ '\\]'
            ~ blank ~ '|' ~ blank ~ '\\[' ~ blank ~ '\\]' ~ blank ~ ')$'
        ) }}
        and not {{ matches(
            replaced(text, pair, ''), '\\\\u(0000|[dD][89a-fA-F])'
        ) }}
    )
{%- endmacro %}


{% macro _json_item_pattern() -%}
    {%- set any = _any_number() -%}
    {%- set blank = '[ \\t\\r\\n]' ~ any -%}
    {%- set string = '"(?:[^"\\\\\\x01-\\x1f]|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4}))' ~ any ~ '"' -%}
    {%- set scalar = '(?:' ~ string
        ~ '|-?(?:0|[1-9][0-9]{0,18})(?:[.][0-9]+)?|true|false|null)' -%}
    {%- set member = blank ~ string ~ blank ~ ':' ~ blank ~ scalar ~ blank -%}
    {{ return('(?:' ~ scalar ~ '|[{]' ~ member ~ '(?:,' ~ member ~ ')' ~ any ~ '[}])') }}
{%- endmacro %}


{% macro _json_list(text) -%}
    case when {{ matches(text, '^[^{"]*[[]') }} then {{ text }} else '[' || {{ text }} || ']' end
{%- endmacro %}

{% macro _json_items(text) -%}
    {{ return(adapter.dispatch('_json_items', 'metrica_crm')(text)) }}
{%- endmacro %}

{% macro default___json_items(text) -%}
    {{ _unsupported_adapter('_json_items') }}
{%- endmacro %}

{% macro postgres___json_items(text) -%}
    array(select json_array_elements(cast({{ _json_list(text) }} as json)))
{%- endmacro %}

{% macro duckdb___json_items(text) -%}
    from_json({{ _json_list(text) }}, '["json"]')
{%- endmacro %}

{% macro spark___json_items(text) -%}
    {#- The items as they are written, since Spark has no type for JSON. The text is valid JSON. -#}
    regexp_extract_all(
        case
            when {{ matches(text, '^[^{"]*[[]') }}
                then {{ replaced(text, '^[^[]*[[]|[]][^]]*$', '') }}
            else {{ text }}
        end,
        {{ _literal(_json_value()) }},
        0
    )
{%- endmacro %}


{% macro _json_item_text(item) -%}
    {{ return(adapter.dispatch('_json_item_text', 'metrica_crm')(item)) }}
{%- endmacro %}

{% macro default___json_item_text(item) -%}
    {{ _unsupported_adapter('_json_item_text') }}
{%- endmacro %}

{% macro postgres___json_item_text(item) -%}
    case json_typeof({{ item }})
        when 'object'
            then coalesce(
                {{ item }} ->> 'VALUE', {{ item }} ->> 'value', {{ item }} ->> 'number',
                cast({{ item }} as text)
            )
        else {{ item }} #>> '{}'
    end
{%- endmacro %}

{% macro spark___json_item_text(item) -%}
    case left({{ item }}, 1)
        when '{'
            then coalesce(
                get_json_object({{ item }}, '$.VALUE'), get_json_object({{ item }}, '$.value'),
                get_json_object({{ item }}, '$.number'), {{ item }}
            )
        when '"' then get_json_object('[' || {{ item }} || ']', '$[0]')
        when 'n' then null
        else {{ item }}
    end
{%- endmacro %}

{% macro duckdb___json_item_text(item) -%}
    case json_type({{ item }})
        when 'OBJECT'
            then coalesce(
                {{ item }} ->> 'VALUE', {{ item }} ->> 'value', {{ item }} ->> 'number',
                cast({{ item }} as text)
            )
        else {{ item }} ->> '$'
    end
{%- endmacro %}


{% macro whole_number(text) -%}
    {#- `79995551111.0`, `+7 999 555-11-11.0` and `7.9995551111e+10`, if every digit of the number is
        written. -#}
    {%- set fraction = replaced_once(text, '^[0-9][.]([0-9]+)[eE].*$', '\\1') -%}
    {%- set exponent = replaced_once(text, '^.*[eE][+]?0*', '') -%}
    case
        when {{ matches(text, '^[+]?[0-9]{7,}[.]0+$') }} then split_part({{ text }}, '.', 1)
        when {{ matches(text, '^[+([]*[0-9][][0-9() -]{5,}[.]0$') }}
            then split_part({{ text }}, '.', 1)
        when
            {{ matches(text, '^[0-9][.][0-9]+[eE][+]?[0-9]{1,2}$') }}
            and {{ as_text('length(' ~ fraction ~ ')') }} = {{ exponent }}
            then left({{ text }}, 1) || {{ fraction }}
        else {{ text }}
    end
{%- endmacro %}


{% macro lost_digits(text) -%}
    {{ matches(text, '^[0-9]([.][0-9]+)?[eE][+]?[0-9]{1,2}$') }}
{%- endmacro %}


{% macro point_for_comma(text) -%}
    {#- The comma in `1,6789E+18` is a decimal comma, not a separator. -#}
    {{ return(replaced(text, '(^|[^0-9])([0-9]),([0-9]+[eE][+]?[0-9])', '\\1\\2.\\3')) }}
{%- endmacro %}
