{{ config(enabled=var('crm') == 'bitrix24', materialized='view') }}
{%- set raw = raw_table('metrica_bitrix24', 'crm_deal_contact') %}

{% call first_rows(raw.rows, ['order_id', 'contact_id'], newest_first(raw)) -%}
    {{ raw_id(raw, 'DEAL_ID') }} as order_id,
    {{ raw_id(raw, 'CONTACT_ID') }} as contact_id,
    {{ raw_flag(raw, 'IS_PRIMARY') }} as is_primary,
    {{ number(raw_text(raw, 'SORT'), 0) }} as sort
{%- endcall %}
