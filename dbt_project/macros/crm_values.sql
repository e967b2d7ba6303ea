{% macro type_name(value) -%}
    {{ return(adapter.dispatch('type_name')(value)) }}
{%- endmacro %}

{% macro default__type_name(value) -%}
    cast(pg_typeof({{ value }}) as text)
{%- endmacro %}

{% macro duckdb__type_name(value) -%}
    lower(typeof({{ value }}))
{%- endmacro %}


{% macro id_text(value) -%}
    {#- A whole number that was loaded as a fraction ('100.0') must still meet its other half. -#}
    nullif(case
        when {{ matches(type_name(value), '^(double|real|float|numeric|decimal)') }}
            then cast(cast(cast({{ value }} as text) as numeric(38, 0)) as text)
        else cast({{ value }} as text)
    end, '')
{%- endmacro %}


{% macro instant(value) -%}
    case
        when {{ type_name(value) }} = 'timestamp with time zone'
            then cast({{ value }} as timestamp with time zone)
        else cast({{ value }} as timestamp) at time zone '{{ var("crm_time_zone") }}'
    end
{%- endmacro %}


{% macro counter_time(value) -%}
    date_trunc('second', {{ value }} at time zone '{{ var("counter_time_zone") }}')
{%- endmacro %}


{% macro money(value) -%}
    {#- By way of text, because engines round a binary fraction differently. -#}
    cast(cast({{ value }} as text) as numeric(18, 2))
{%- endmacro %}


{% macro product_name(product_id) -%}
    {#- The length apart, because PostgreSQL is slow with a repetition of 1 to 255. -#}
    case
        when
            length({{ product_id }}) <= 255
            and {{ matches(product_id, '^[A-Za-z0-9_-]+$') }}
            and not ({{ product_id }} like 'md5-%' and length({{ product_id }}) = 36)
            then {{ product_id }}
        else 'md5-' || md5({{ product_id }})
    end
{%- endmacro %}


{% macro if_sent(kind, form, value) -%}
    {%- set wanted = var('identifiers').get(kind) -%}
    {%- if wanted not in ['plain', 'md5', 'both'] -%}
        {{ exceptions.raise_compiler_error(
            "The var identifiers says '" ~ wanted ~ "' for " ~ kind
            ~ ". Set it to plain, md5 or both in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {{ value if wanted in [form, 'both'] else 'cast(null as text)' }}
{%- endmacro %}


{% macro counter_now() -%}
    {{ counter_time('current_timestamp') }}
{%- endmacro %}
