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


{% macro money(value) -%}
    {{ number(value, 2) }}
{%- endmacro %}


{% macro present_currency(code) -%}
    {%- set codes = var('currency_codes') -%}
    {%- if codes is not mapping -%}
        {{ exceptions.raise_compiler_error(
            "The var currency_codes is '" ~ codes ~ "', but it maps old codes to present ones: give"
            ~ " {RUR: RUB}, for example, or {} in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {%- if codes -%}
    case {{ code }}
        {% for old, new in codes.items() -%}
            when '{{ old | upper }}' then '{{ new | upper }}'
        {% endfor -%}
        else {{ code }}
    end
    {%- else -%}
    {{ code }}
    {%- endif -%}
{%- endmacro %}


{% macro number(value, scale) -%}
    {#- By way of text, because engines round a binary fraction differently. Length and exponent
        are bounded, so that PostgreSQL's cast to numeric cannot overflow. The outer cast gives
        back the precision that a case loses there. -#}
    {%- set text = number_text(value) -%}
    cast(case
        when
            length({{ text }}) <= 1000
            and {{ matches(text, '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$') }}
            then {{ numeric_or_null(text, scale) }}
    end as numeric(18, {{ scale }}))
{%- endmacro %}


{% macro number_text(value) -%}
    nullif(trim(both ' ' from {{ plain_text(value) }}), '')
{%- endmacro %}


{% macro plain_text(value) -%}
    {{ return(adapter.dispatch('plain_text')(value)) }}
{%- endmacro %}

{% macro default__plain_text(value) -%}
    {#- The type money prints itself with the database's currency and separators. The inner
        case keeps the planner from trying the cast on a constant of another type. -#}
    coalesce(
        cast(cast(case when {{ type_name(value) }} = 'money' then {{ value }} end as numeric) as text),
        cast({{ value }} as text)
    )
{%- endmacro %}

{% macro duckdb__plain_text(value) -%}
    cast({{ value }} as text)
{%- endmacro %}


{% macro numeric_or_null(text, scale) -%}
    {{ return(adapter.dispatch('numeric_or_null')(text, scale)) }}
{%- endmacro %}

{% macro default__numeric_or_null(text, scale) -%}
    case
        when abs(round(cast({{ text }} as numeric), {{ scale }})) < 1e{{ 18 - scale }}
            then cast({{ text }} as numeric(18, {{ scale }}))
    end
{%- endmacro %}

{% macro duckdb__numeric_or_null(text, scale) -%}
    {#- DuckDB reads '5e-16' as 0.01 and lets '1.5e16' overflow, so an exponent goes by way of
        a double, which prints itself without one in this range. -#}
    {%- set double = "try_cast(" ~ text ~ " as double)" -%}
    case
        when not {{ matches(text, '[eE]') }} then try_cast({{ text }} as numeric(18, {{ scale }}))
        when abs({{ double }}) < 1e-4 then cast(0 as numeric(18, {{ scale }}))
        when abs({{ double }}) < 1e{{ 18 - scale }}
            then try_cast(cast({{ double }} as text) as numeric(18, {{ scale }}))
    end
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
    {%- set forms = var('identifiers') -%}
    {%- if forms is not mapping -%}
        {{ exceptions.raise_compiler_error(
            "The var identifiers is '" ~ forms ~ "', but each kind has a form of its own: give"
            ~ " {emails: plain, phones: md5}, for example, in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {%- set wanted = forms.get(kind) -%}
    {%- if wanted not in ['plain', 'md5', 'both'] -%}
        {{ exceptions.raise_compiler_error(
            "The var identifiers says '" ~ wanted ~ "' for " ~ kind
            ~ ". Set it to plain, md5 or both in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {{ value if wanted in [form, 'both'] else 'cast(null as text)' }}
{%- endmacro %}
