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
    where not {{ _is_flat_json('cell') }}
    union all
    select
        cell,
        {{ _json_item_text('item') }} as element
    from (
        select
            cell,
            {{ list_rows(_json_items('cell')) }} as item
        from {{ cells }}
        where {{ _is_flat_json('cell') }}
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
