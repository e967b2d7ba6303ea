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
