{% macro require_mapped_statuses(table) -%}
    {%- set choice = var('unmapped_statuses') -%}
    {%- if choice not in ['hold', 'error'] -%}
        {{ exceptions.raise_compiler_error(
            "The var unmapped_statuses is '" ~ choice ~ "'. Set it to hold or error in"
            ~ " dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {%- if execute -%}
        {%- set unmapped = run_query(
            "select crm.status, count(*) from " ~ ref('metrica_crm', 'stg_crm__' ~ table).render() ~ " as crm left join "
            ~ ref('metrica_crm', 'int_order_status_map').render() ~ " as map"
            ~ " on " ~ fold_case('crm.status') ~ " = map.status_key"
            ~ " where crm.status is not null and map.status_key is null group by 1 order by 1"
        ).rows -%}
        {%- set listed = [] -%}
        {%- for status, rows in unmapped[:20] -%}
            {%- do listed.append("'" ~ status ~ "' (" ~ rows ~ ")") -%}
        {%- endfor -%}
        {%- set message = "The CRM's " ~ table | replace('_', ' ') ~ " has " ~ unmapped | length
            ~ " status(es) without a mapping, with the number of rows: " ~ listed | join(", ")
            ~ (" and more" if unmapped | length > 20 else "") ~ ". Add a row for each to "
            ~ (var('order_status_map') or "dbt_project/seeds/order_status_map.csv") ~ " (crm_status, id, type, humanized,"
            ~ " goal_action_ids) and run dbt build again." -%}
        {%- if unmapped and choice == 'error' -%}
            {{ exceptions.raise_compiler_error(message) }}
        {%- elif unmapped -%}
            {%- do exceptions.warn(message ~ (
                " Until then these orders are held." if table == 'orders'
                else " Until then the export skips these steps."
            )) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
