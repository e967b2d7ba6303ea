{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set default_schemas = {'duckdb': 'main', 'postgres': 'public'} -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- elif target.schema == default_schemas[target.type] -%}
        {{ custom_schema_name | trim }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
