{% macro id_text(value, types={}) -%}
    {#- A whole number that was loaded as a fraction ('100.0') must still join with '100'. NaN stands
        for a missing id, and what has more than 38 digits is no id. -#}
    {%- set text = as_text(value) -%}
    {%- if _is_type(value, ['whole'], types) == 'true' -%}
        {{ return(text) }}
    {%- endif -%}
    nullif(case
        when not {{ _is_type(value, ['numeric', 'double', 'real'], types) }} then {{ text }}
        when
            {{ matches(text, '^-?[0-9]+([.][0-9]+)?([eE][+-]?([0-2]?[0-9]|3[0-7]))?$') }}
            and length(split_part({{ text }}, '.', 1)) <= 38
            then {{ as_text('cast(' ~ text ~ ' as numeric(38, 0))') }}
    end, '')
{%- endmacro %}


{% macro money(value, types={}) -%}
    {{ number(value, 2, types) }}
{%- endmacro %}


{% macro currency_code(text) -%}
    {#- Nearly every currency is written as a code, which needs no cleaning. -#}
    case
        when {{ matches(text, '^[A-Z]+$') }} then {{ text }}
        else {{ clean_text(upper_latin(text)) }}
    end
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
    {{ value if wanted in [form, 'both'] else as_text('null') }}
{%- endmacro %}
