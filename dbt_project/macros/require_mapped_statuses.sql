{% macro require_mapped_statuses(rows) -%}
    {%- set choice = var('unmapped_statuses') -%}
    {%- if choice not in ['hold', 'error'] -%}
        {{ exceptions.raise_compiler_error(
            "The var unmapped_statuses is '" ~ choice ~ "'. Set it to hold or error in"
            ~ " dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {%- if execute -%}
        {%- set unmapped = run_query(
            "select status, sum(" ~ rows ~ ") from "
            ~ ref('metrica_crm', 'int_crm_statuses').render()
            ~ " where order_status is null and status is not null and " ~ rows ~ " > 0"
            ~ " group by 1 order by 1"
        ).rows -%}
        {%- set listed = [] -%}
        {%- for status, count in unmapped[:20] -%}
            {%- do listed.append("'" ~ status ~ "' (" ~ count ~ ")") -%}
        {%- endfor -%}
        {%- set place = "orders have " if rows == 'orders' else "order status history has " -%}
        {%- set message = "The CRM's " ~ place ~ unmapped | length ~ " status(es) without a mapping, with the number of rows: " ~ listed | join(", ")
            ~ (" and more" if unmapped | length > 20 else "") ~ ". "
            ~ _cure_of_unmapped_status() ~ " and run dbt build again." -%}
        {%- if unmapped and choice == 'error' -%}
            {{ exceptions.raise_compiler_error(message) }}
        {%- elif unmapped -%}
            {%- do exceptions.warn(message ~ (
                " Until then these orders are held." if rows == 'orders'
                else " Until then the export skips these steps."
            )) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro _cure_of_unmapped_status() -%}
    {%- if var('crm') != 'generic' and var('order_status_map') is none -%}
        {{ return("Give each a type in the var order_status_types") }}
    {%- endif -%}
    {{ return(
        "Add a row for each to " ~ (var('order_status_map') or "dbt_project/seeds/order_status_map.csv")
        ~ " (crm_status, id, type, humanized, goal_action_ids)"
    ) }}
{%- endmacro %}
