{% macro clean_text(text) -%}
    {#- Engines disagree on what trim() strips, so every blank becomes a plain space first.
        Characters without a counterpart in the second list are removed by translate(). -#}
    {%- set blanks = [9, 10, 11, 12, 13, 160, 8194, 8195, 8199, 8201, 8202, 8239, 12288] -%}
    {%- set invisible = [173, 8203, 8204, 8205, 8206, 8207, 8288, 65279] -%}
    nullif(trim(both ' ' from translate(
        {{ text }},
        {% for code in blanks + invisible %}chr({{ code }}){{ ' || ' if not loop.last }}{% endfor %},
        '{{ ' ' * blanks | length }}'
    )), '')
{%- endmacro %}


{% macro fold_case(text) -%}
    {#- lower() follows the database's collation: under C it leaves Cyrillic as it is. -#}
    translate(
        {{ text }},
        'ABCDEFGHIJKLMNOPQRSTUVWXYZАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯІЇЄҐӘҒҚҢӨҰҮҺЎ',
        'abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґәғқңөұүһў'
    )
{%- endmacro %}


{% macro upper_latin(text) -%}
    translate({{ text }}, 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')
{%- endmacro %}


{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    {{ text }} ~ '{{ pattern }}'
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}


{% macro joined(value, condition='true') -%}
    {#- Sorted by bytes: a collation would order the same list differently elsewhere. -#}
    string_agg({{ value }}, ',' order by {{ bytes(value) }}) filter (where {{ condition }})
{%- endmacro %}


{% macro bytes(text) -%}
    {{ text }} collate "C"
{%- endmacro %}
