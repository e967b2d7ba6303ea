{% macro row_hash() -%}
    {%- set parts = [] -%}
    {%- for name, column in model.columns.items() | sort -%}
        {%- set metrica = column.config.get('meta', {}).get('metrica', {}) -%}
        {%- if name not in ['updated_at', 'row_hash'] and metrica.get('send', true) -%}
            {%- do parts.append(_hashed_column(name, column.data_type)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and not parts -%}
        {{ exceptions.raise_compiler_error(
            "row_hash() finds no columns of " ~ model.name ~ ". Declare them in the model's YAML. In a"
            ~ " unit test, where dbt has no columns, override the macro row_hash."
        ) }}
    {%- endif -%}
    md5({{ parts | join(' || ') or "''" }})
{%- endmacro %}


{% macro _hashed_column(name, data_type) -%}
    {#- The length before the value separates neighbours; a NULL gives no text. -#}
    {%- set as_text = _value_text(name, data_type) -%}
    coalesce('{{ name }}=' || cast(length({{ as_text }}) as text) || ':' || {{ as_text }} || ';', '')
{%- endmacro %}


{% macro _value_text(name, data_type) -%}
    {%- set type = data_type | lower -%}
    {%- if type == 'text' -%}
        {{ name }}
    {%- elif type in ['integer', 'bigint', 'boolean'] or type.startswith('numeric(') -%}
        cast(cast({{ name }} as {{ type }}) as text)
    {%- elif type == 'date' -%}
        {{ _time_text(name, 'YYYY-MM-DD', '%Y-%m-%d') }}
    {%- elif type == 'timestamp' -%}
        {{ _time_text(name, 'YYYY-MM-DD HH24:MI:SS', '%Y-%m-%d %H:%M:%S') }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "Column " ~ name ~ " of " ~ this.identifier ~ " has the type " ~ data_type
            ~ ", which has different texts, and so different hashes, on different engines. Use text,"
            ~ " integer, bigint, boolean, numeric(p,s), date or timestamp."
        ) }}
    {%- endif -%}
{%- endmacro %}


{% macro _time_text(value, postgres_format, duckdb_format) -%}
    {{ return(adapter.dispatch('_time_text', 'metrica_crm')(value, postgres_format, duckdb_format)) }}
{%- endmacro %}

{% macro default___time_text(value, postgres_format, duckdb_format) -%}
    {{ _unsupported_adapter('_time_text') }}
{%- endmacro %}

{% macro postgres___time_text(value, postgres_format, duckdb_format) -%}
    to_char({{ value }}, '{{ postgres_format }}')
{%- endmacro %}

{% macro duckdb___time_text(value, postgres_format, duckdb_format) -%}
    strftime({{ value }}, '{{ duckdb_format }}')
{%- endmacro %}
