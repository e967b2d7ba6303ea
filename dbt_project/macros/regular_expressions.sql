{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'metrica_crm')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    {{ _unsupported_adapter('matches') }}
{%- endmacro %}

{% macro postgres__matches(text, pattern) -%}
    {{ text }} ~ {{ _literal(pattern) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ _literal(pattern) }})
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    {{ text }} rlike {{ _literal(_java_pattern(pattern)) }}
{%- endmacro %}


{% macro replaced(text, pattern, replacement) -%}
    {#- Every match of the pattern is replaced; `\1` in the replacement stands for its first group. -#}
    {{ return(adapter.dispatch('replaced', 'metrica_crm')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replaced(text, pattern, replacement) -%}
    {{ _unsupported_adapter('replaced') }}
{%- endmacro %}

{% macro postgres__replaced(text, pattern, replacement) -%}
    {{ return(_regexp_replace(text, pattern, replacement, ", 'g'")) }}
{%- endmacro %}

{% macro duckdb__replaced(text, pattern, replacement) -%}
    {{ return(_regexp_replace(text, pattern, replacement, ", 'g'")) }}
{%- endmacro %}

{% macro spark__replaced(text, pattern, replacement) -%}
    {%- set java = modules.re.sub('\\\\([0-9])', '$\\1', replacement) -%}
    {{ return(_regexp_replace(text, _java_pattern(pattern), java, "")) }}
{%- endmacro %}


{% macro replaced_once(text, pattern, replacement) -%}
    {#- For a pattern that matches at one place only, because it is tied to the text's begin or end. -#}
    {{ return(adapter.dispatch('replaced_once', 'metrica_crm')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replaced_once(text, pattern, replacement) -%}
    {{ _unsupported_adapter('replaced_once') }}
{%- endmacro %}

{% macro postgres__replaced_once(text, pattern, replacement) -%}
    {{ return(_regexp_replace(text, pattern, replacement, "")) }}
{%- endmacro %}

{% macro duckdb__replaced_once(text, pattern, replacement) -%}
    {{ return(_regexp_replace(text, pattern, replacement, "")) }}
{%- endmacro %}

{% macro spark__replaced_once(text, pattern, replacement) -%}
    {{ return(replaced(text, pattern, replacement)) }}
{%- endmacro %}


{% macro _regexp_replace(text, pattern, replacement, flags) -%}
    {{ return(
        "regexp_replace(" ~ text ~ ", " ~ _literal(pattern) ~ ", " ~ _literal(replacement) ~ flags ~ ")"
    ) }}
{%- endmacro %}


{% macro _java_pattern(pattern) -%}
    {#- Java's `$` also matches before a last line break, its `.` skips more line breaks than the
        other engines', and in its sets `[` begins another set and `&&` is an operator. -#}
    {%- set tokens = modules.re.findall('\\\\.|\\[\\^?\\]?(?:\\\\.|[^\\]\\\\])*\\]|.', pattern, modules.re.S) -%}
    {%- set java = [] -%}
    {%- for token in tokens -%}
        {%- if token == '$' -%}
            {%- do java.append('\\z') -%}
        {%- elif token == '.' -%}
            {%- do java.append('[^\\n]') -%}
        {%- elif token | length > 2 and token[0] == '[' -%}
            {%- do java.append('[') -%}
            {%- for part in modules.re.findall('\\\\.|.', token[1:-1], modules.re.S) -%}
                {%- do java.append('\\' ~ part if part in ['[', ']', '&'] else part) -%}
            {%- endfor -%}
            {%- do java.append(']') -%}
        {%- else -%}
            {%- do java.append(token) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(java | join) }}
{%- endmacro %}


{% macro _literal(text) -%}
    {{ return(adapter.dispatch('_literal', 'metrica_crm')(text)) }}
{%- endmacro %}

{% macro default___literal(text) -%}
    {{ _unsupported_adapter('_literal') }}
{%- endmacro %}

{% macro postgres___literal(text) -%}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{%- endmacro %}

{% macro duckdb___literal(text) -%}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{%- endmacro %}

{% macro spark___literal(text) -%}
    {#- Spark reads `'it''s'` as two literals, `its`. -#}
    {{ return("'" ~ text | replace("\\", "\\\\") | replace("'", "\\'") ~ "'") }}
{%- endmacro %}
