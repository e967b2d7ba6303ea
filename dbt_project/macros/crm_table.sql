{% macro crm_table(table) -%}
    {%- set model = _crm_model(table) -%}
    {%- if model is none -%}
        {{ return(source('metrica_crm', table)) }}
    {%- elif model in var('crm_tables').values() -%}
        {#- With the name of the root project, dbt does not warn of a reference out of the package. -#}
        {{ return(ref(project_name, model)) }}
    {%- endif -%}
    {{ return(ref('metrica_crm', model)) }}
{%- endmacro %}


{% macro _crm_model(table) -%}
    {%- set models = var('crm_tables') -%}
    {%- set tables = ['contacts', 'contact_identifiers', 'orders', 'order_items', 'products',
        'order_status_history'] -%}
    {%- if models is not mapping or models.keys() | reject('in', tables) | list -%}
        {{ exceptions.raise_compiler_error(
            "The var crm_tables is '" ~ models ~ "'. Set it in dbt_project.yml or by --vars to a mapping"
            ~ " of CRM tables (" ~ tables | join(", ") ~ ") to models of your project, such as"
            ~ " {orders: my_crm_orders}."
        ) }}
    {%- endif -%}
    {%- set mappings = ['bitrix24', 'amocrm', 'retailcrm', 'hubspot'] -%}
    {%- if var('crm') not in mappings + ['generic'] -%}
        {{ exceptions.raise_compiler_error(
            "The var crm is '" ~ var('crm') ~ "', but there are mappings of " ~ mappings | join(", ")
            ~ " only. Set it to one of them, or to generic for CRM tables of your own, in"
            ~ " dbt_project.yml or by --vars."
        ) }}
    {%- elif table in models -%}
        {{ return(models[table]) }}
    {%- elif var('crm') != 'generic' -%}
        {{ return(var('crm') ~ '__' ~ table) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
