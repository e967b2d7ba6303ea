{% macro day(value, types={}) -%}
    {%- set day -%}
    case
        when {{ _is_type(value, ['instant'], types) }}
            then cast({{ local_time(instant(value, types), _time_zone('crm_time_zone')) }} as date)
        when {{ _is_type(value, ['date', 'timestamp'], types) }} then {{ _as_date(value) }}
        else {{ _day_of_text(day_text(value)) }}
    end
    {%- endset -%}
    {{ _finite(day) }}
{%- endmacro %}


{% macro _as_date(time) -%}
    {{ return(adapter.dispatch('_as_date', 'metrica_crm')(time)) }}
{%- endmacro %}

{% macro default___as_date(time) -%}
    {{ _unsupported_adapter('_as_date') }}
{%- endmacro %}

{% macro postgres___as_date(time) -%}
    cast({{ time }} as date)
{%- endmacro %}

{% macro duckdb___as_date(time) -%}
    cast({{ time }} as date)
{%- endmacro %}

{% macro spark___as_date(time) -%}
    {#- As text, because Spark rejects the cast of a number even where it is never evaluated. -#}
    cast(cast({{ time }} as string) as date)
{%- endmacro %}


{% macro _day_of_text(text) -%}
    {{ return(adapter.dispatch('_day_of_text', 'metrica_crm')(text)) }}
{%- endmacro %}

{% macro default___day_of_text(text) -%}
    {{ _unsupported_adapter('_day_of_text') }}
{%- endmacro %}

{% macro postgres___day_of_text(text) -%}
    {{ _day_after_first(text) }}
{%- endmacro %}

{% macro duckdb___day_of_text(text) -%}
    {{ _day_after_first(text) }}
{%- endmacro %}

{% macro spark___day_of_text(text) -%}
    case
        when {{ matches(text, '^[12][0-9]{3}-(0[1-9]|1[0-2])-[0-3][0-9]([ T]|$)') }}
            then try_cast(left({{ text }}, 10) as date)
    end
{%- endmacro %}


{% macro _day_after_first(text) -%}
    {#- Days are added to the first of the month, because make_date() fails on an invalid day. -#}
    {%- set month = "cast(substr(" ~ text ~ ", 6, 2) as integer)" -%}
    {%- set date = "make_date(cast(left(" ~ text ~ ", 4) as integer), " ~ month ~ ", 1)"
        ~ " + (cast(substr(" ~ text ~ ", 9, 2) as integer) - 1)" -%}
    case
        when {{ matches(text, '^[12][0-9]{3}-(0[1-9]|1[0-2])-[0-3][0-9]([ T]|$)') }}
            then case when extract(month from {{ date }}) = {{ month }} then {{ date }} end
    end
{%- endmacro %}


{% macro day_text(value) -%}
    nullif(trim(both ' ' from {{ as_text(value) }}), '')
{%- endmacro %}
