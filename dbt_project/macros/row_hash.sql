{% macro row_hash() -%}
    {#- `;id=3;revenue=12.00:A-1`: the names of the columns that are not NULL, each with its value or
        its text's length, then the texts. Lengths separate texts, and a new column without values
        changes no hash. -#}
    {%- do declare_attributes() -%}
    {%- set head = [] -%}
    {%- set texts = [] -%}
    {%- for name, column in model.columns.items() | sort -%}
        {%- set metrica = column.config.get('meta', {}).get('metrica', {}) -%}
        {%- if name not in ['updated_at', 'row_hash'] and metrica.get('send', true) -%}
            {%- do head.append("case when " ~ name ~ " is not null then ';" ~ name ~ "=' end") -%}
            {%- if column.data_type | lower == 'text' -%}
                {%- do head.append("length(" ~ name ~ ")") -%}
                {%- do texts.append(name) -%}
            {%- else -%}
                {%- do head.append(_hashed_value(name, column.data_type)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and not head -%}
        {{ exceptions.raise_compiler_error(
            "row_hash() finds no columns of " ~ model.name ~ ". Declare them in the model's YAML. In a"
            ~ " unit test, where dbt has no columns, override the macro row_hash."
        ) }}
    {%- endif -%}
    {#- PostgreSQL's functions take 100 arguments at most. -#}
    {%- set batches = [] -%}
    {%- for batch in (head + ["':'"] + texts) | batch(100) -%}
        {%- do batches.append("concat(" ~ batch | join(', ') ~ ")") -%}
    {%- endfor -%}
    md5({{ batches | join(' || ') }})
{%- endmacro %}


{% macro _hashed_value(name, data_type) -%}
    {%- set type = data_type | lower -%}
    {%- if type in ['integer', 'bigint'] or type.startswith('numeric(') -%}
        cast({{ name }} as {{ type }})
    {%- elif type == 'boolean' -%}
        cast(cast({{ name }} as boolean) as text)
    {%- elif type in ['date', 'timestamp'] -%}
        {{ _epoch_seconds(name) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "Column " ~ name ~ " of " ~ this.identifier ~ " has the type " ~ data_type
            ~ ", which has different texts, and so different hashes, on different engines. Use text,"
            ~ " integer, bigint, boolean, numeric(p,s), date or timestamp."
        ) }}
    {%- endif -%}
{%- endmacro %}


{% macro _epoch_seconds(value) -%}
    {#- As a number, because formatting a time is slow on PostgreSQL. -#}
    {{ return(adapter.dispatch('_epoch_seconds', 'metrica_crm')(value)) }}
{%- endmacro %}

{% macro default___epoch_seconds(value) -%}
    {{ _unsupported_adapter('_epoch_seconds') }}
{%- endmacro %}

{% macro postgres___epoch_seconds(value) -%}
    floor(date_part('epoch', {{ value }}))
{%- endmacro %}

{% macro duckdb___epoch_seconds(value) -%}
    cast(floor(epoch({{ value }})) as bigint)
{%- endmacro %}
