{% macro first_rows(rows, keys, order, condition='true') -%}
    {#- The caller is the select list, which names the keys. The order is one of the rows' columns. -#}
    {{ return(
        adapter.dispatch('first_rows', 'metrica_crm')(rows, keys, order, condition, caller() | trim)
    ) }}
{%- endmacro %}

{% macro default__first_rows(rows, keys, order, condition, columns) -%}
    {{ _unsupported_adapter('first_rows') }}
{%- endmacro %}

{% macro postgres__first_rows(rows, keys, order, condition, columns) -%}
    {{ return(_distinct_on(rows, keys, order, condition, columns)) }}
{%- endmacro %}

{% macro duckdb__first_rows(rows, keys, order, condition, columns) -%}
    {{ return(_distinct_on(rows, keys, order, condition, columns)) }}
{%- endmacro %}

{% macro spark__first_rows(rows, keys, order, condition, columns) -%}
    {#- The struct keeps the columns of the result apart from those of the order. -#}
    select first_row.*
    from (
        select
            first_row,
            row_number() over (
                partition by first_row.{{ keys | join(', first_row.') }}
                order by {{ order | join(', ') or 'true' }}
            ) as place
        from (
            select
                *,
                struct(
                    {{ columns }}
                ) as first_row
            from {{ rows }}
            where {{ condition }}
        ) as keyed_rows
    ) as numbered_rows
    where place = 1
{%- endmacro %}


{% macro _distinct_on(rows, keys, order, condition, columns) -%}
    select distinct on ({{ keys | join(', ') }})
        {{ columns }}
    from {{ rows }}
    {%- if condition != 'true' %}
    where {{ condition }}
    {%- endif %}
    order by {{ (keys + order) | join(', ') }}
{%- endmacro %}
