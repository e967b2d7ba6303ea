{% macro _is_flat_json(text) -%}
    {#- JSON's grammar for a text, and for a list of texts, numbers and flat objects. PostgreSQL
        before 16 cannot try a cast, and a cell without JSON must not stop the build. The grammar
        excludes NUL and halves of surrogate pairs, which PostgreSQL rejects, and numbers with an
        exponent, which may have lost digits. -#}
    {%- set any = _json_repeat() -%}
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
    {%- set any = _json_repeat() -%}
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
