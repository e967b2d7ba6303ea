{% macro clean_text(text) -%}
    {#- trim() strips different blanks on each engine, so every blank becomes a plain space first. -#}
    nullif(trim(both ' ' from {{ visible_text(text) }}), '')
{%- endmacro %}


{% macro visible_text(text) -%}
    {#- Unicode's blanks (Zs, Zl, Zp and blank control characters), and its default-ignorable
        characters: format characters, fillers, variation selectors, tags. regexp_replace() needs a
        third of the time of translate() with lists of this length. -#}
    {%- set blanks = '\t-\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000' -%}
    {%- set invisible = '\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f'
        ~ '\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb'
        ~ '\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff' -%}
    regexp_replace(
        regexp_replace({{ text }}, '[{{ blanks }}]', ' ', 'g'), '[{{ invisible }}]', '', 'g'
    )
{%- endmacro %}


{% macro fold_case(text) -%}
    {#- lower() depends on the database's collation: under C it does not change Cyrillic.
        translate() is slow with a list of this length, and most texts are in lower case. -#}
    {%- set capitals = 'ABCDEFGHIJKLMNOPQRSTUVWXYZАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯІЇЄҐӘҒҚҢӨҰҮҺЎ' -%}
    {%- set small = 'abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґәғқңөұүһў' -%}
    case
        when {{ matches(text, '[' ~ capitals ~ ']') }}
            then translate({{ text }}, '{{ capitals }}', '{{ small }}')
        else {{ text }}
    end
{%- endmacro %}


{% macro upper_latin(text) -%}
    case
        when {{ matches(text, '[a-z]') }}
            then translate(
                {{ text }}, 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
            )
        else {{ text }}
    end
{%- endmacro %}


{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'metrica_crm')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    {{ _unsupported_adapter('matches') }}
{%- endmacro %}

{% macro postgres__matches(text, pattern) -%}
    {{ text }} ~ '{{ pattern | replace("'", "''") }}'
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern | replace("'", "''") }}')
{%- endmacro %}


{% macro joined(value, condition='true') -%}
    {#- Sorted by bytes: collations of databases order a list differently. -#}
    string_agg({{ value }}, ',' order by {{ bytes(value) }}) filter (where {{ condition }})
{%- endmacro %}


{% macro bytes(text) -%}
    {{ text }} collate "C"
{%- endmacro %}
