{% macro phone_text(text) -%}
    {#- The zeros of all sets of decimal digits in Unicode's first plane. Most phones have none of
        these digits, and translate() is slow with a list of this length. -#}
    {%- set zeros = [
        1632, 1776, 1984, 2406, 2534, 2662, 2790, 2918, 3046, 3174, 3302, 3430, 3558, 3664, 3792,
        3872, 4160, 4240, 6112, 6160, 6470, 6608, 6784, 6800, 6992, 7088, 7232, 7248, 42528, 43216,
        43264, 43472, 43504, 43600, 44016, 65296
    ] -%}
    {%- set dashes = '\u2010-\u2015\u2043\u2053\u207b\u208b\u2212\u223c\u2e3a\u2e3b\u301c\u3030\u30fc'
        ~ '\ufe58\ufe63\uff0d\uff5e' -%}
    {%- set others = {
        '+': '\ufe62\uff0b', '(': '\uff08', ')': '\uff09', '[': '\uff3b', ']': '\uff3d',
        '.': '\uff0e', '/': '\uff0f', ',': '\uff0c\u3001\u060c', ';': '\uff1b', ':': '\uff1a',
        '#': '\uff03', 'x': '\uff58\uff38',
    } -%}
    {%- set from = namespace(text='') -%}
    {%- set to = namespace(text='') -%}
    {%- for ascii, characters in others.items() -%}
        {%- set from.text = from.text ~ characters -%}
        {%- set to.text = to.text ~ ascii * (characters | length) -%}
    {%- endfor -%}
    {%- for zero in zeros -%}
        {%- for digit in range(10) -%}
            {%- set from.text = from.text ~ '%c' | format(zero + digit) -%}
            {%- set to.text = to.text ~ digit -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set plain = replaced(visible_text(fold_case(text)), '[' ~ dashes ~ ']', '-') -%}
    case
        when {{ matches(text, '[^ -~А-Яа-яЁё\n\r]') }}
            then translate({{ plain }}, '{{ from.text }}', '{{ to.text }}')
        else {{ fold_case(text) }}
    end
{%- endmacro %}


{% macro subscriber_number(national, dropped) -%}
    {#- The number without so many digits of a trunk prefix; NULL if the country has no such number. -#}
    {%- set number = "substr(" ~ national ~ ", " ~ (dropped + 1) ~ ")" if dropped else national -%}
    case
        when
            position(
                ',' || {{ as_text('length(' ~ national ~ ') - ' ~ dropped) }} || ','
                in ',' || national_lengths || ','
            ) > 0
            {% if dropped -%}
            and position(
                ',' || left({{ national }}, {{ dropped }}) || ',' in ',' || trunk_prefixes || ','
            ) > 0
            {% endif -%}
            and (leading_zero or substr({{ national }}, {{ dropped + 1 }}, 1) <> '0')
            then {{ number }}
    end
{%- endmacro %}


{% macro default_calling_code() -%}
    {%- set code = var('default_calling_code') -%}
    {%- if code is not none and not modules.re.fullmatch('[0-9]*', code | string) -%}
        {{ _wrong_calling_code(code) }}
    {%- endif -%}
    {{ return('' if code is none else code | string) }}
{%- endmacro %}


{% macro require_calling_code(codes) -%}
    {%- set code = default_calling_code() -%}
    {%- if execute and code -%}
        {#- The seed is empty after `dbt build --empty`. -#}
        {%- set calling_codes = run_query("select calling_code from " ~ codes.render())
            .columns[0].values() | map('string') | list -%}
        {%- if calling_codes and code not in calling_codes -%}
            {{ _wrong_calling_code(code) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro _wrong_calling_code(code) -%}
    {{ exceptions.raise_compiler_error(
        "The var default_calling_code is '" ~ code ~ "', which is not the calling code of a country."
        ~ " Set it to digits, for example \"7\" for Russia or \"375\" for Belarus, in"
        ~ " dbt_project.yml or by --vars. Without the var, phones without a country code are left"
        ~ " out and counted."
    ) }}
{%- endmacro %}
