{% macro attributes(entity, table=none, types={}) -%}
    {%- if execute -%}
        {%- for column in _attributes_of_crm(entity) -%}
            {{ table ~ '.' ~ column.name if table else _crm_attribute(column, types) ~ ' as ' ~ column.name }},
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro _attributes_of_crm(entity) -%}
    {%- set found = [] -%}
    {#- In a unit test the graph is empty, so the fixtures need no columns of a team. -#}
    {%- for node in graph.get('nodes', {}).values() if node.resource_type == 'model' -%}
        {%- if node.config.get('meta', {}).get('metrica', {}).get('entity') == entity -%}
            {%- for column in node.columns.values() -%}
                {%- set source = column.config.get('meta', {}).get('metrica', {}).get('crm_column') -%}
                {%- if source -%}
                    {%- do found.append({
                        'name': column.name, 'source': source, 'type': column.data_type | lower
                    }) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro _crm_attribute(column, types) -%}
    {%- if column.type == 'timestamp' -%}
        {{ counter_time(instant(column.source, types)) }}
    {%- elif column.type == 'date' -%}
        {{ day(column.source, types) }}
    {%- elif column.type == 'text' -%}
        {{ clean_text(as_text(column.source)) }}
    {%- elif column.type.startswith('numeric(') -%}
        {%- set scale = modules.re.sub('.*,|[^0-9]', '', column.type) | int -%}
        cast({{ number(column.source, scale, types) }} as {{ column.type }})
    {%- elif column.type in ['integer', 'bigint'] -%}
        cast({{ number(column.source, 0, types) }} as {{ column.type }})
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "The attribute " ~ column.name ~ " has the data_type " ~ column.type ~ ". Set it to text,"
            ~ " integer, bigint, numeric(p,s), date or timestamp in the mart's YAML."
        ) }}
    {%- endif -%}
{%- endmacro %}
