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
        {%- do batches.append(_joined_texts(batch)) -%}
    {%- endfor -%}
    md5({{ batches | join(' || ') }})
{%- endmacro %}


{% macro _hashed_value(name, data_type) -%}
    {%- set type = data_type | lower -%}
    {%- if type in ['integer', 'bigint'] or type.startswith('numeric(') -%}
        {{ _number_text(name, type) }}
    {%- elif type == 'boolean' -%}
        {{ as_text('cast(' ~ name ~ ' as boolean)') }}
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

{% macro spark___epoch_seconds(value) -%}
    unix_seconds(cast({{ value }} as timestamp))
{%- endmacro %}

{% macro duckdb___epoch_seconds(value) -%}
    cast(floor(epoch({{ value }})) as bigint)
{%- endmacro %}


{% macro _joined_texts(values) -%}
    {#- NULLs are left out. -#}
    {{ return(adapter.dispatch('_joined_texts', 'metrica_crm')(values)) }}
{%- endmacro %}

{% macro default___joined_texts(values) -%}
    {{ _unsupported_adapter('_joined_texts') }}
{%- endmacro %}

{% macro postgres___joined_texts(values) -%}
    {{ return("concat(" ~ values | join(', ') ~ ")") }}
{%- endmacro %}

{% macro duckdb___joined_texts(values) -%}
    {{ return("concat(" ~ values | join(', ') ~ ")") }}
{%- endmacro %}

{% macro spark___joined_texts(values) -%}
    {#- Spark's concat() is NULL if one of its values is. -#}
    {{ return("concat_ws('', " ~ values | join(', ') ~ ")") }}
{%- endmacro %}


{% macro _number_text(name, type) -%}
    {{ return(adapter.dispatch('_number_text', 'metrica_crm')(name, type)) }}
{%- endmacro %}

{% macro default___number_text(name, type) -%}
    {{ _unsupported_adapter('_number_text') }}
{%- endmacro %}

{% macro postgres___number_text(name, type) -%}
    cast({{ name }} as {{ type }})
{%- endmacro %}

{% macro duckdb___number_text(name, type) -%}
    cast({{ name }} as {{ type }})
{%- endmacro %}

{% macro spark___number_text(name, type) -%}
    {#- Spark writes a small number with more than six decimals as 0E-8. -#}
    {%- set scale = modules.re.sub('.*,|[^0-9]', '', type) | int if type.startswith('numeric(') else 0 -%}
    {%- if scale > 6 -%}
        replace(format_number(cast({{ name }} as {{ type }}), {{ scale }}), ',', '')
    {%- else -%}
        cast(cast({{ name }} as {{ type }}) as string)
    {%- endif -%}
{%- endmacro %}
