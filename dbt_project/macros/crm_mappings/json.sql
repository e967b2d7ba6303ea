{% macro is_json(text) -%}
    {#- PostgreSQL before 16 cannot try a cast, and a cell without JSON must not stop the build. Each
        string becomes "", each other scalar 0, and then each list or object of scalars 0, from the
        inside out. Only JSON ends as one scalar. NUL and halves of surrogate pairs, which PostgreSQL
        rejects, are excluded. -#}
    {%- set string = '"(?:[^"\\\\\\x01-\\x1f]|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4}))*"' -%}
    {%- set scalar = '-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null' -%}
    {%- set blank = '[ \\t\\r\\n]*' -%}
    {%- set value = blank ~ '(?:0|"")' ~ blank -%}
    {%- set pair = blank ~ '""' ~ blank ~ ':' ~ value -%}
    {%- set inner = '\\[(?:' ~ value ~ '(?:,' ~ value ~ ')*|' ~ blank ~ ')\\]|[{](?:' ~ pair ~ '(?:,'
        ~ pair ~ ')*|' ~ blank ~ ')[}]' -%}
    {%- set surrogates = '\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}' -%}
    {%- set reduced = namespace(text=text) -%}
    {%- for pattern, replacement in [(string, '""'), (scalar, '0')] + [(inner, '0')] * 8 -%}
        {%- set reduced.text = "regexp_replace(" ~ reduced.text ~ ", '" ~ pattern ~ "', '"
            ~ replacement ~ "', 'g')" -%}
    {%- endfor -%}
    (
        {{ matches(reduced.text, '^' ~ value ~ '$') }}
        and not {{ matches(
            "regexp_replace(" ~ text ~ ", '" ~ surrogates ~ "', '', 'g')", '\\\\u(0000|[dD][89a-fA-F])'
        ) }}
    )
{%- endmacro %}


{% macro json_items(json) -%}
    {{ _json_items("cast(" ~ json ~ " as text)") }}
{%- endmacro %}


{% macro json_member(json, name) -%}
    (cast({{ json }} as json) -> '{{ name }}')
{%- endmacro %}


{% macro json_text(json, name) -%}
    nullif(trim(both ' ' from (cast({{ json }} as json) ->> '{{ name }}')), '')
{%- endmacro %}


{% macro json_first_value(json) -%}
    {#- A list field of amoCRM may have the id of the chosen option only. -#}
    {%- set first = "(cast(" ~ json ~ " as json) -> 0)" -%}
    coalesce({{ json_text(first, 'value') }}, {{ json_text(first, 'enum_id') }})
{%- endmacro %}
