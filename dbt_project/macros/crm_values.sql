{% macro _type_name(value) -%}
    {{ return(adapter.dispatch('_type_name', 'metrica_crm')(value)) }}
{%- endmacro %}

{% macro default___type_name(value) -%}
    {{ _unsupported_adapter('_type_name') }}
{%- endmacro %}

{% macro postgres___type_name(value) -%}
    cast(pg_typeof({{ value }}) as text)
{%- endmacro %}

{% macro duckdb___type_name(value) -%}
    lower(typeof({{ value }}))
{%- endmacro %}


{% macro _is_type(value, types) -%}
    {#- `types` are of numeric, double, real, whole, text, money, instant, timestamp and date. -#}
    {{ return(adapter.dispatch('_is_type', 'metrica_crm')(value, types)) }}
{%- endmacro %}

{% macro default___is_type(value, types) -%}
    {{ _unsupported_adapter('_is_type') }}
{%- endmacro %}

{% macro postgres___is_type(value, types) -%}
    {#- PostgreSQL evaluates it for every row, and types compare faster as numbers than as names. -#}
    {%- set names = {
        'numeric': ['numeric'], 'double': ['double precision'], 'real': ['real'],
        'whole': ['smallint', 'integer', 'bigint'], 'text': ['text', 'character varying'],
        'money': ['money'], 'instant': ['timestamp with time zone'],
        'timestamp': ['timestamp without time zone'], 'date': ['date'],
    } -%}
    {%- set found = [] -%}
    {%- for type in types -%}
        {%- for name in names[type] -%}
            {%- do found.append("cast('" ~ name ~ "' as regtype)") -%}
        {%- endfor -%}
    {%- endfor -%}
    pg_typeof({{ value }}) in ({{ found | join(', ') }})
{%- endmacro %}

{% macro duckdb___is_type(value, types) -%}
    {%- set patterns = {
        'numeric': 'decimal.*', 'double': 'double', 'real': 'float', 'whole': 'u?[a-z]*int(eger)?',
        'text': 'varchar', 'money': 'money', 'instant': 'timestamp with time zone',
        'timestamp': 'timestamp(_[a-z]*)?', 'date': 'date',
    } -%}
    {%- set found = [] -%}
    {%- for type in types -%}
        {%- do found.append(patterns[type]) -%}
    {%- endfor -%}
    {{ matches(_type_name(value), '^(' ~ found | join('|') ~ ')$') }}
{%- endmacro %}


{% macro id_text(value) -%}
    {#- A whole number that was loaded as a fraction ('100.0') must still join with '100'. -#}
    nullif(case
        when {{ _is_type(value, ['numeric', 'double', 'real']) }}
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
            "The var currency_codes is '" ~ codes ~ "', but it maps old codes to present ones. Set it"
            ~ " to a mapping such as {RUR: RUB}, or to {}, in dbt_project.yml or by --vars."
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
    {#- The number is read as text, because engines round a binary fraction differently. Length and
        exponent are limited, so that PostgreSQL's cast to numeric cannot overflow. The outer cast
        restores the precision, which a case loses on PostgreSQL. -#}
    {%- set text = number_text(value) -%}
    {#- Without the inner case the planner would try the cast on a constant of another type. -#}
    {%- set exact = "cast(case when " ~ _is_type(value, ['numeric', 'whole']) ~ " then " ~ value
        ~ " end as text)" -%}
    cast(case
        when {{ _is_type(value, ['numeric', 'whole']) }} then {{ _numeric_or_null(exact, scale) }}
        when
            length({{ text }}) <= 1000
            and {{ matches(text, '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$') }}
            then {{ _numeric_or_null(text, scale) }}
    end as numeric(18, {{ scale }}))
{%- endmacro %}


{% macro number_text(value) -%}
    nullif(trim(both ' ' from {{ _plain_text(value) }}), '')
{%- endmacro %}


{% macro _plain_text(value) -%}
    {{ return(adapter.dispatch('_plain_text', 'metrica_crm')(value)) }}
{%- endmacro %}

{% macro default___plain_text(value) -%}
    {{ _unsupported_adapter('_plain_text') }}
{%- endmacro %}

{% macro postgres___plain_text(value) -%}
    {#- The text of the type money has the database's currency and separators. Without the inner
        case the planner would try the cast on a constant of another type. -#}
    coalesce(
        cast(cast(case when {{ _is_type(value, ['money']) }} then {{ value }} end as numeric) as text),
        cast({{ value }} as text)
    )
{%- endmacro %}

{% macro duckdb___plain_text(value) -%}
    cast({{ value }} as text)
{%- endmacro %}


{% macro _numeric_or_null(text, scale) -%}
    {{ return(adapter.dispatch('_numeric_or_null', 'metrica_crm')(text, scale)) }}
{%- endmacro %}

{% macro default___numeric_or_null(text, scale) -%}
    {{ _unsupported_adapter('_numeric_or_null') }}
{%- endmacro %}

{% macro postgres___numeric_or_null(text, scale) -%}
    case
        when abs(round(cast({{ text }} as numeric), {{ scale }})) < 1e{{ 18 - scale }}
            then cast({{ text }} as numeric(18, {{ scale }}))
    end
{%- endmacro %}

{% macro duckdb___numeric_or_null(text, scale) -%}
    {#- DuckDB reads '5e-16' as 0.01 and '1.5e16' overflows, so a number with an exponent is read as
        a double, whose text has no exponent in this range. -#}
    {%- set double = "try_cast(" ~ text ~ " as double)" -%}
    case
        when not {{ matches(text, '[eE]') }} then try_cast({{ text }} as numeric(18, {{ scale }}))
        when abs({{ double }}) < 1e-4 then cast(0 as numeric(18, {{ scale }}))
        when abs({{ double }}) < 1e{{ 18 - scale }}
            then try_cast(cast({{ double }} as text) as numeric(18, {{ scale }}))
    end
{%- endmacro %}


{% macro product_name(product_id) -%}
    {#- The length is a condition of its own: a repetition of 1 to 255 is slow on PostgreSQL. -#}
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
            "The var identifiers is '" ~ forms ~ "', but each kind has a form of its own. Set it to a"
            ~ " mapping such as {emails: plain, phones: md5} in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {%- set wanted = forms.get(kind) -%}
    {%- if wanted not in ['plain', 'md5', 'both'] -%}
        {{ exceptions.raise_compiler_error(
            "The var identifiers has '" ~ wanted ~ "' for " ~ kind
            ~ ". Set it to plain, md5 or both in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {{ value if wanted in [form, 'both'] else 'cast(null as text)' }}
{%- endmacro %}
