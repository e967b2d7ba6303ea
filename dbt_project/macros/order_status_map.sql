{% macro order_status_map() -%}
    {%- set name = var('order_status_map') -%}
    {%- if name is none and var('crm') == 'generic' -%}
        {{ return(ref('metrica_crm', 'order_status_map')) }}
    {%- elif name is none -%}
        {{ return(ref('metrica_crm', var('crm') ~ '__order_status_map')) }}
    {%- endif -%}
    {%- set parts = (name | string).split('.') -%}
    {%- if parts | length == 1 -%}
        {#- With the name of the root project, dbt does not warn of a reference out of the package. -#}
        {{ return(ref(project_name, name)) }}
    {%- elif parts | length == 2 -%}
        {{ return(api.Relation.create(target.database, parts[0], parts[1])) }}
    {%- endif -%}
    {{ exceptions.raise_compiler_error(
        "The var order_status_map is '" ~ name ~ "'. Set it to the name of a seed or model of your"
        ~ " project, or to `schema.table`, in dbt_project.yml or by --vars."
    ) }}
{%- endmacro %}
