{% macro sql_type(name) -%}
    {#- The engine's name of `text`, `timestamp`, `timestamp with time zone` and other types. -#}
    {{ return(adapter.dispatch('sql_type', 'metrica_crm')(name)) }}
{%- endmacro %}

{% macro default__sql_type(name) -%}
    {{ _unsupported_adapter('sql_type') }}
{%- endmacro %}

{% macro postgres__sql_type(name) -%}
    {{ return(name) }}
{%- endmacro %}

{% macro duckdb__sql_type(name) -%}
    {{ return(name) }}
{%- endmacro %}

{% macro spark__sql_type(name) -%}
    {#- Spark's `timestamp` is an instant. -#}
    {{ return({
        'text': 'string',
        'double precision': 'double',
        'timestamp': 'timestamp_ntz',
        'timestamp with time zone': 'timestamp',
        'timestamptz': 'timestamp',
    }.get(name | lower, name)) }}
{%- endmacro %}


{% macro as_text(value) -%}
    {{ return("cast(" ~ value ~ " as " ~ sql_type('text') ~ ")") }}
{%- endmacro %}


{% macro as_instant(value) -%}
    {{ return("cast(" ~ value ~ " as " ~ sql_type('timestamp with time zone') ~ ")") }}
{%- endmacro %}
