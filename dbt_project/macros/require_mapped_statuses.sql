{% macro require_mapped_statuses(table) -%}
    {%- if execute -%}
        {%- set unmapped = run_query(
            "select rows.status from (select distinct status from " ~ ref('stg_crm__' ~ table)
            ~ ") as rows left join " ~ ref('int_order_status_map') ~ " as map"
            ~ " on " ~ fold_case('rows.status') ~ " = map.status_key"
            ~ " where rows.status is not null and map.status_key is null order by 1"
        ).columns[0].values() -%}
        {%- if unmapped -%}
            {{ exceptions.raise_compiler_error(
                "The CRM's " ~ table | replace('_', ' ') ~ " has " ~ unmapped | length
                ~ " status(es) without a mapping: '" ~ unmapped[:20] | join("', '")
                ~ "'. Add a row for each to dbt_project/seeds/order_status_map.csv (crm_status,"
                ~ " id, type, humanized, goal_action_ids) and run dbt build again."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
