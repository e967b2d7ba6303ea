{% macro repeated_keys(model, columns, may_be_null) -%}
    {#- Counting distinct hashes takes a fraction of the time of grouping by the key. Equal keys have
        equal hashes, so only a table with fewer hashes than rows is grouped. -#}
    {%- set hash = _key_hash(columns) -%}
    {%- if not may_be_null -%}
        {%- set hash = "case when " ~ columns | join(" is not null and ") ~ " is not null then "
            ~ hash ~ " end" -%}
    {%- endif -%}
    with counted as (
        select
            count(*) as row_count,
            count(distinct {{ hash }}) as hashes
        from {{ model }}
    )

    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    where (select hashes < row_count from counted)
    group by {{ columns | join(', ') }}
    having
        count(*) > 1
        {%- if not may_be_null %} or {{ columns | join(' is null or ') }} is null {%- endif %}
{%- endmacro %}


{% macro _key_hash(columns) -%}
    {{ return(adapter.dispatch('_key_hash', 'metrica_crm')(columns)) }}
{%- endmacro %}

{% macro default___key_hash(columns) -%}
    {{ _unsupported_adapter('_key_hash') }}
{%- endmacro %}

{% macro postgres___key_hash(columns) -%}
    hash_record_extended(row({{ columns | join(', ') }}), 0)
{%- endmacro %}

{% macro duckdb___key_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark___key_hash(columns) -%}
    {#- Different keys may share a hash, most of all with NULLs, which xxhash64() skips. These rows are
        then grouped, as all rows with a repeated hash are. -#}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}


{% macro types_of_column(model, column) -%}
    {#- With `where` in its configuration, a test gets a query in place of a relation. -#}
    {%- set types = {} if model is string else _types_of(model) -%}
    {{ return({column: types[column]} if column in types else {}) }}
{%- endmacro %}
