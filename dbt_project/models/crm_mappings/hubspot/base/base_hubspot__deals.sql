{{ config(enabled=var('crm') == 'hubspot', materialized='view') }}
{%- set raw = raw_table('metrica_hubspot', 'deal') %}

{% call first_rows(raw.rows, ['order_id'], newest_first(raw, 'property_hs_lastmodifieddate')) -%}
    {{ raw_id(raw, 'deal_id', 'id') }} as order_id,
    {{ raw_text(raw, 'deal_pipeline_id') }} as pipeline_id,
    {{ raw_text(raw, 'deal_pipeline_stage_id') }} as stage_id,
    {{ raw_text(raw, 'property_dealname') }} as title,
    {{ raw_text(raw, 'property_closed_lost_reason') }} as lost_reason,
    {{ raw_text(raw, 'property_hs_analytics_source') }} as analytics_source,
    {{ raw_text(raw, 'property_amount') }} as revenue,
    {{ raw_text(raw, 'property_deal_currency_code') }} as currency,
    {{ raw_client_ids(raw) }} as own_client_ids,
    {{ raw_flag(raw, 'is_deleted', '_fivetran_deleted') }} as is_deleted,
    {{ raw_time(raw, 'property_createdate') }} as created_at,
    {{ raw_attributes(raw, 'orders') }}
    {{ raw_time(raw, 'property_hs_lastmodifieddate') }} as updated_at
{%- endcall %}
