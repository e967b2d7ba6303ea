{% macro is_json(text) -%}
    {#- PostgreSQL before 16 cannot try a cast, and a cell without JSON must not stop the build. Each
        string becomes "", each other scalar 0, and then each list or object of scalars 0, from the
        inside out. Only JSON ends as one scalar. NUL and halves of surrogate pairs, which PostgreSQL
        rejects, are excluded. -#}
    {%- set any = _json_repeat() -%}
    {%- set string = '"(?:[^"\\\\\\x01-\\x1f]|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4}))' ~ any ~ '"' -%}
    {%- set scalar = '-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null' -%}
    {%- set blank = '[ \\t\\r\\n]' ~ any -%}
    {%- set value = blank ~ '(?:0|"")' ~ blank -%}
    {%- set pair = blank ~ '""' ~ blank ~ ':' ~ value -%}
    {%- set inner = '\\[(?:' ~ value ~ '(?:,' ~ value ~ ')' ~ any ~ '|' ~ blank
        ~ ')\\]|[{](?:' ~ pair ~ '(?:,' ~ pair ~ ')' ~ any ~ '|' ~ blank ~ ')[}]' -%}
    {%- set surrogates = '\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}' -%}
    {%- set reduced = namespace(text=text) -%}
    {%- for pattern, replacement in [(string, '""'), (scalar, '0')] + [(inner, '0')] * 8 -%}
        {%- set reduced.text = replaced(reduced.text, pattern, replacement) -%}
    {%- endfor -%}
    (
        {{ matches(reduced.text, '^' ~ value ~ '$') }}
        and not {{ matches(
            replaced(text, surrogates, ''), '\\\\u(0000|[dD][89a-fA-F])'
        ) }}
    )
{%- endmacro %}


{% macro json_items(json) -%}
    {{ _json_items(as_text(json)) }}
{%- endmacro %}


{% macro json_member(json, name) -%}
    {{ return(adapter.dispatch('json_member', 'metrica_crm')(json, name)) }}
{%- endmacro %}

{% macro default__json_member(json, name) -%}
    {{ _unsupported_adapter('json_member') }}
{%- endmacro %}

{% macro postgres__json_member(json, name) -%}
    (cast({{ json }} as json) -> '{{ name }}')
{%- endmacro %}

{% macro duckdb__json_member(json, name) -%}
    (cast({{ json }} as json) -> '{{ name }}')
{%- endmacro %}

{% macro spark__json_member(json, name) -%}
    {#- As it is written: Spark's functions for JSON round fractions, and lose the quotes that tell a
        text from an object. -#}
    {%- set blank = '[ \\t\\r\\n]*+' -%}
    {%- set key = blank ~ '"' ~ modules.re.escape(name) ~ '"' ~ blank ~ ':' ~ blank -%}
    {%- set other = blank ~ _json_string() ~ blank ~ ':' ~ blank ~ _json_value() ~ blank ~ ',' -%}
    {%- set pattern = '^' ~ blank ~ '\\{(?:(?!' ~ key ~ ')' ~ other ~ ')*+' ~ key ~ '(' ~ _json_value()
        ~ ')' -%}
    nullif(regexp_extract({{ json }}, {{ _literal(pattern) }}, 1), '')
{%- endmacro %}


{% macro json_text(json, name) -%}
    nullif(trim(both ' ' from {{ _json_member_text(json, name) }}), '')
{%- endmacro %}


{% macro _json_member_text(json, name) -%}
    {{ return(adapter.dispatch('_json_member_text', 'metrica_crm')(json, name)) }}
{%- endmacro %}

{% macro default___json_member_text(json, name) -%}
    {{ _unsupported_adapter('_json_member_text') }}
{%- endmacro %}

{% macro postgres___json_member_text(json, name) -%}
    (cast({{ json }} as json) ->> '{{ name }}')
{%- endmacro %}

{% macro duckdb___json_member_text(json, name) -%}
    (cast({{ json }} as json) ->> '{{ name }}')
{%- endmacro %}

{% macro spark___json_member_text(json, name) -%}
    {#- A list of one, so that the member is found once. -#}
    get(transform(array({{ json_member(json, name) }}), member -> case left(member, 1)
        when '"' then get_json_object('[' || member || ']', '$[0]')
        when 'n' then null
        else member
    end), 0)
{%- endmacro %}


{% macro json_first_value(json) -%}
    {#- A list field of amoCRM may have the id of the chosen option only. -#}
    {%- set first = _json_first_item(json) -%}
    coalesce({{ json_text(first, 'value') }}, {{ json_text(first, 'enum_id') }})
{%- endmacro %}


{% macro _json_first_item(json) -%}
    {{ return(adapter.dispatch('_json_first_item', 'metrica_crm')(json)) }}
{%- endmacro %}

{% macro default___json_first_item(json) -%}
    {{ _unsupported_adapter('_json_first_item') }}
{%- endmacro %}

{% macro postgres___json_first_item(json) -%}
    (cast({{ json }} as json) -> 0)
{%- endmacro %}

{% macro duckdb___json_first_item(json) -%}
    (cast({{ json }} as json) -> 0)
{%- endmacro %}

{% macro spark___json_first_item(json) -%}
    case when {{ matches(json, '^[ \\t\\r\\n]*[[]') }} then get({{ _json_items(json) }}, 0) end
{%- endmacro %}
