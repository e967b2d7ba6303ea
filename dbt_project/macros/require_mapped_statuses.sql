{% macro require_mapped_statuses() -%}
    {%- if execute -%}
        {%- set unmapped = run_query(
            "select distinct orders.status from " ~ ref('stg_crm__orders') ~ " as orders"
            ~ " left join " ~ ref('int_order_status_map') ~ " as map"
            ~ " on " ~ fold_case('orders.status') ~ " = map.status_key"
            ~ " where orders.status is not null and map.status_key is null order by 1"
        ).columns[0].values() -%}
        {%- if unmapped -%}
            {{ exceptions.raise_compiler_error(
                "The CRM's orders have " ~ unmapped | length ~ " status(es) without a mapping: '"
                ~ unmapped[:20] | join("', '") ~ "'. Add a row for each to"
                ~ " dbt_project/seeds/order_status_map.csv (crm_status, id, type, humanized,"
                ~ " goal_action_ids) and run dbt build again."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
