{% macro number(value, scale, types={}) -%}
    {%- set is_exact = _is_type(value, ['numeric', 'whole'], types) -%}
    {#- The outer cast restores the precision, which a case loses on PostgreSQL. -#}
    cast({{ _exact_number(value, scale, types) if is_exact == 'true'
        else _number_of_any_type(value, scale, is_exact, types) }} as numeric(18, {{ scale }}))
{%- endmacro %}


{% macro _number_of_any_type(value, scale, is_exact, types) -%}
    {#- The number is read as text, because engines round a binary fraction differently. Length and
        exponent are limited, so that PostgreSQL's cast to numeric cannot overflow. -#}
    {%- set text = number_text(value, types) -%}
    {#- Without the inner case the planner would try the cast on a constant of another type. -#}
    {%- set exact = as_text("case when " ~ is_exact ~ " then " ~ value ~ " end") -%}
    case
        when {{ is_exact }} then {{ _numeric_or_null(exact, scale) }}
        when
            length({{ text }}) <= 1000
            and {{ matches(text, '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$') }}
            then {{ _numeric_or_null(text, scale) }}
    end
{%- endmacro %}


{% macro number_text(value, types={}) -%}
    nullif(trim(both ' ' from {{ _plain_text(value, types) }}), '')
{%- endmacro %}


{% macro _plain_text(value, types={}) -%}
    {{ return(adapter.dispatch('_plain_text', 'metrica_crm')(value, types)) }}
{%- endmacro %}

{% macro default___plain_text(value, types={}) -%}
    {{ _unsupported_adapter('_plain_text') }}
{%- endmacro %}

{% macro postgres___plain_text(value, types={}) -%}
    {#- The text of the type money has the database's currency and separators. -#}
    {%- set is_money = _is_type(value, ['money'], types) -%}
    {%- if is_money == 'false' -%}
        cast({{ value }} as text)
    {%- else -%}
        coalesce(
            cast(cast(case when {{ is_money }} then {{ value }} end as numeric) as text),
            cast({{ value }} as text)
        )
    {%- endif -%}
{%- endmacro %}

{% macro duckdb___plain_text(value, types={}) -%}
    cast({{ value }} as text)
{%- endmacro %}

{% macro spark___plain_text(value, types={}) -%}
    cast({{ value }} as string)
{%- endmacro %}


{% macro _exact_number(value, scale, types) -%}
    {{ return(adapter.dispatch('_exact_number', 'metrica_crm')(value, scale, types)) }}
{%- endmacro %}

{% macro default___exact_number(value, scale, types) -%}
    {{ _unsupported_adapter('_exact_number') }}
{%- endmacro %}

{% macro postgres___exact_number(value, scale, types) -%}
    {%- set precision = modules.re.fullmatch('numeric[(]([0-9]+),([0-9]+)[)]', types[value]) -%}
    {%- if types[value] in ['smallint', 'integer'] and scale < 8 -%}
        {{ value }}
    {%- elif precision and 0 <= precision[1] | int - precision[2] | int < 18 - scale -%}
        nullif({{ value }}, 'NaN')
    {%- else -%}
        {{ _numeric_or_null(value, scale) }}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb___exact_number(value, scale, types) -%}
    try_cast({{ value }} as numeric(18, {{ scale }}))
{%- endmacro %}

{% macro spark___exact_number(value, scale, types) -%}
    try_cast({{ value }} as numeric(18, {{ scale }}))
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

{% macro spark___numeric_or_null(text, scale) -%}
    {#- Numbers with an exponent are read as on DuckDB, so that every engine has the same digits. -#}
    {%- set double = "try_cast(" ~ text ~ " as double)" -%}
    case
        when not {{ matches(text, '[eE]') }} then try_cast({{ text }} as numeric(18, {{ scale }}))
        when abs({{ double }}) < 1e-4 then cast(0 as numeric(18, {{ scale }}))
        else try_cast(cast({{ double }} as string) as numeric(18, {{ scale }}))
    end
{%- endmacro %}


{% macro whole_number(text) -%}
    {#- `79995551111.0`, `+7 999 555-11-11.0` and `7.9995551111e+10`, if every digit of the number is
        written. -#}
    {%- set fraction = replaced_once(text, '^[0-9][.]([0-9]+)[eE].*$', '\\1') -%}
    {%- set exponent = replaced_once(text, '^.*[eE][+]?0*', '') -%}
    case
        when {{ matches(text, '^[+]?[0-9]{7,}[.]0+$') }} then split_part({{ text }}, '.', 1)
        when {{ matches(text, '^[+([]*[0-9][][0-9() -]{5,}[.]0$') }}
            then split_part({{ text }}, '.', 1)
        when
            {{ matches(text, '^[0-9][.][0-9]+[eE][+]?[0-9]{1,2}$') }}
            and {{ as_text('length(' ~ fraction ~ ')') }} = {{ exponent }}
            then left({{ text }}, 1) || {{ fraction }}
        else {{ text }}
    end
{%- endmacro %}


{% macro lost_digits(text) -%}
    {{ matches(text, '^[0-9]([.][0-9]+)?[eE][+]?[0-9]{1,2}$') }}
{%- endmacro %}


{% macro point_for_comma(text) -%}
    {#- The comma in `1,6789E+18` is a decimal comma, not a separator. -#}
    {{ return(replaced(text, '(^|[^0-9])([0-9]),([0-9]+[eE][+]?[0-9])', '\\1\\2.\\3')) }}
{%- endmacro %}
