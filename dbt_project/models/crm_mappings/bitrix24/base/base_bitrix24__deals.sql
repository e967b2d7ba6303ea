{{ config(enabled=var('crm') == 'bitrix24', materialized='view') }}
{%- set raw = raw_table('metrica_bitrix24', 'crm_deal') %}
{%- set ids = raw_table('metrica_bitrix24', 'crm_deal_ids') %}

{% call first_rows(raw.rows, ['order_id'], newest_first(raw, 'DATE_MODIFY')) -%}
    {{ raw_id(raw, 'ID') }} as order_id,
    {{ raw_text(raw, 'CATEGORY_ID') }} as pipeline_id,
    {{ raw_text(raw, 'STAGE_ID') }} as status,
    {{ raw_text(raw, 'STAGE_SEMANTIC_ID') }} as semantics,
    {{ raw_id(raw, 'CONTACT_ID') }} as main_contact_id,
    {{ raw_id(raw, 'COMPANY_ID') }} as company_id,
    {{ raw_id(raw, 'LEAD_ID') }} as lead_id,
    {{ raw_text(raw, 'TITLE') }} as title,
    {{ raw_text(raw, 'SOURCE_ID') }} as source_id,
    {{ raw_amount(raw, 'OPPORTUNITY') }} as revenue,
    {{ raw_text(raw, 'CURRENCY_ID') }} as currency,
    {{ raw_client_ids(raw) }} as client_ids,
    {{ raw_flag(raw, 'IS_RECURRING') }} as is_template,
    {{ raw_is_missing(raw_id(raw, 'ID'), ids) }} as is_deleted,
    {{ raw_time(raw, 'MOVED_TIME') }} as moved_at,
    {{ raw_time(raw, 'DATE_CREATE') }} as created_at,
    {{ raw_attributes(raw, 'orders') }}
    {{ raw_time(raw, 'DATE_MODIFY') }} as updated_at
{%- endcall %}
