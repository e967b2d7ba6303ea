{% macro spark__list_relations_without_caching(relation) -%}
    {#- Iceberg fails to list the tables of a schema that does not exist, as before a first build. -#}
    {%- if adapter.check_schema_exists(none, relation.schema) -%}
        {{ return(dbt.spark__list_relations_without_caching(relation)) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}
