{% macro clean_text(text) -%}
    {#- trim() strips different blanks on each engine, so every blank becomes a plain space first. -#}
    nullif(trim(both ' ' from {{ visible_text(text) }}), '')
{%- endmacro %}


{% macro visible_text(text) -%}
    {#- Unicode's blanks (Zs, Zl, Zp and blank control characters), and its default-ignorable
        characters: format characters, fillers, variation selectors, tags. regexp_replace() needs a
        third of the time of translate() with lists of this length, and most texts have none. -#}
    {%- set blanks = '\t-\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000' -%}
    {%- set invisible = '\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f'
        ~ '\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb'
        ~ '\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff' -%}
    case
        when {{ matches(text, '[^ -~А-яЁё]') }}
            then {{ replaced(
                replaced(text, '[' ~ blanks ~ ']', ' '), '[' ~ invisible ~ ']', ''
            ) }}
        else {{ text }}
    end
{%- endmacro %}


{% macro fold_case(text) -%}
    {#- lower() depends on the database's collation: under C it does not change Cyrillic.
        translate() is slow with a list of this length. -#}
    {%- set capitals = 'АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯІЇЄҐӘҒҚҢӨҰҮҺЎ' -%}
    {%- set small = 'абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґәғқңөұүһў' -%}
    {%- set latin = _latin_letters('lower', text) -%}
    case
        when {{ matches(text, '[' ~ capitals ~ ']') }}
            then translate({{ latin }}, '{{ capitals }}', '{{ small }}')
        else {{ latin }}
    end
{%- endmacro %}


{% macro upper_latin(text) -%}
    {{ _latin_letters('upper', text) }}
{%- endmacro %}


{% macro _latin_letters(case, text) -%}
    {#- lower() or upper() of the letters A to Z alone, on every engine and under every collation. -#}
    {{ return(adapter.dispatch('_latin_letters', 'metrica_crm')(case, text)) }}
{%- endmacro %}

{% macro default___latin_letters(case, text) -%}
    {{ _unsupported_adapter('_latin_letters') }}
{%- endmacro %}

{% macro postgres___latin_letters(case, text) -%}
    {{ case }}({{ text }} collate "C") collate "default"
{%- endmacro %}

{% macro spark___latin_letters(case, text) -%}
    {{ duckdb___latin_letters(case, text) }}
{%- endmacro %}

{% macro duckdb___latin_letters(case, text) -%}
    {%- set capitals = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' -%}
    {%- set from = capitals if case == 'lower' else capitals | lower -%}
    {%- set to = capitals | lower if case == 'lower' else capitals -%}
    translate({{ text }}, '{{ from }}', '{{ to }}')
{%- endmacro %}


{% macro joined(value, condition='true') -%}
    {#- Sorted by bytes: collations of databases order a list differently. -#}
    {{ return(adapter.dispatch('joined', 'metrica_crm')(value, condition)) }}
{%- endmacro %}

{% macro default__joined(value, condition) -%}
    {{ _unsupported_adapter('joined') }}
{%- endmacro %}

{% macro postgres__joined(value, condition) -%}
    string_agg({{ value }}, ',' order by {{ bytes(value) }}) filter (where {{ condition }})
{%- endmacro %}

{% macro duckdb__joined(value, condition) -%}
    {#- DuckDB sorts a list in half of the time of an aggregate's rows. -#}
    array_to_string(
        list_sort(list({{ value }}) filter (where {{ condition }} and {{ value }} is not null)), ','
    )
{%- endmacro %}


{% macro spark__joined(value, condition) -%}
    nullif(array_join(array_sort(collect_list({{ value }}) filter (where {{ condition }})), ','), '')
{%- endmacro %}


{% macro joined_by(place, value, condition) -%}
    {#- In the order of a number. -#}
    {{ return(adapter.dispatch('joined_by', 'metrica_crm')(place, value, condition)) }}
{%- endmacro %}

{% macro default__joined_by(place, value, condition) -%}
    {{ _unsupported_adapter('joined_by') }}
{%- endmacro %}

{% macro postgres__joined_by(place, value, condition) -%}
    string_agg({{ value }}, ',' order by {{ place }}) filter (where {{ condition }})
{%- endmacro %}

{% macro duckdb__joined_by(place, value, condition) -%}
    string_agg({{ value }}, ',' order by {{ place }}) filter (where {{ condition }})
{%- endmacro %}

{% macro spark__joined_by(place, value, condition) -%}
    nullif(array_join(transform(
        array_sort(collect_list(struct({{ place }}, {{ value }})) filter (where {{ condition }})),
        element -> element.{{ value }}
    ), ','), '')
{%- endmacro %}


{% macro bytes(text) -%}
    {#- Besides its order, PostgreSQL compares bytes several times faster than by a language's rules. -#}
    {{ return(adapter.dispatch('bytes', 'metrica_crm')(text)) }}
{%- endmacro %}

{% macro default__bytes(text) -%}
    {{ _unsupported_adapter('bytes') }}
{%- endmacro %}

{% macro postgres__bytes(text) -%}
    {{ text }} collate "C"
{%- endmacro %}

{% macro duckdb__bytes(text) -%}
    {{ text }} collate "C"
{%- endmacro %}

{% macro spark__bytes(text) -%}
    {{ text }}
{%- endmacro %}


{% macro own_collation(text) -%}
    {#- Takes `bytes` back: PostgreSQL cannot compare texts of two collations. -#}
    {{ return(adapter.dispatch('own_collation', 'metrica_crm')(text)) }}
{%- endmacro %}

{% macro default__own_collation(text) -%}
    {{ _unsupported_adapter('own_collation') }}
{%- endmacro %}

{% macro postgres__own_collation(text) -%}
    {{ text }} collate "default"
{%- endmacro %}

{% macro duckdb__own_collation(text) -%}
    {{ text }}
{%- endmacro %}

{% macro spark__own_collation(text) -%}
    {{ text }}
{%- endmacro %}


{% macro split_rows(list, separator=',') -%}
    {#- A row for each element between the separators. -#}
    {{ return(adapter.dispatch('split_rows', 'metrica_crm')(list, separator)) }}
{%- endmacro %}

{% macro default__split_rows(list, separator) -%}
    {{ _unsupported_adapter('split_rows') }}
{%- endmacro %}

{% macro postgres__split_rows(list, separator) -%}
    unnest(string_to_array({{ list }}, '{{ separator }}'))
{%- endmacro %}

{% macro duckdb__split_rows(list, separator) -%}
    unnest(string_to_array({{ list }}, '{{ separator }}'))
{%- endmacro %}

{% macro spark__split_rows(list, separator) -%}
    explode(split({{ list }}, '{{ separator }}'))
{%- endmacro %}
