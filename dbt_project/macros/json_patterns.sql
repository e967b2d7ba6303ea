{% macro _json_repeat() -%}
    {#- The quantifier of a repeated part of JSON. -#}
    {{ return(adapter.dispatch('_json_repeat', 'metrica_crm')()) }}
{%- endmacro %}

{% macro default___json_repeat() -%}
    {{ _unsupported_adapter('_json_repeat') }}
{%- endmacro %}

{% macro postgres___json_repeat() -%}
    {{ return('*') }}
{%- endmacro %}

{% macro duckdb___json_repeat() -%}
    {{ return('*') }}
{%- endmacro %}

{% macro spark___json_repeat() -%}
    {#- Java's stack overflows in a text of some thousand characters, unless it never goes back. JSON
        can be read without going back. -#}
    {{ return('*+') }}
{%- endmacro %}


{% macro _json_string() -%}
    {#- In valid JSON. -#}
    {{ return('"(?:[^"\\\\]|\\\\.)*+"') }}
{%- endmacro %}


{% macro _json_value() -%}
    {#- A text, list, object or other value in JSON of the eight levels that `is_json` accepts. -#}
    {%- set container = namespace(pattern='') -%}
    {%- for _ in range(8) -%}
        {%- set container.pattern = '[\\[{](?:[^"\\[\\]{}]|' ~ _json_string()
            ~ ('|' ~ container.pattern if container.pattern else '') ~ ')*+[\\]}]' -%}
    {%- endfor -%}
    {{ return(
        '(?:' ~ _json_string() ~ '|' ~ container.pattern ~ '|[^"\\[\\]{},: \\t\\r\\n]++)'
    ) }}
{%- endmacro %}
