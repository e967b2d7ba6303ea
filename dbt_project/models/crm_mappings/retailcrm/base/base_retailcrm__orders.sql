{{ config(enabled=var('crm') == 'retailcrm', materialized='view') }}
{%- set raw = raw_table('metrica_retailcrm', 'orders') %}

{% call first_rows(raw.rows, ['order_id'], newest_first(raw, 'statusUpdatedAt')) -%}
    {{ raw_id(raw, 'id', 'retailcrm_id') }} as order_id,
    {{ raw_text(raw, 'site') }} as site,
    {{ raw_text(raw, 'status') }} as status,
    {{ raw_text(raw, 'orderMethod') }} as order_method,
    {{ raw_text(raw, 'marketplace') }} as marketplace,
    {{ raw_text(raw, 'email') }} as own_email,
    {{ raw_cell(raw, 'phone') }} as phone,
    {{ raw_cell(raw, 'additionalPhone') }} as additional_phone,
    {{ raw_text(raw, 'firstName') }} as first_name,
    {{ raw_text(raw, 'lastName') }} as last_name,
    {{ raw_json(raw, 'customer') }} as customer,
    {{ raw_json(raw, 'contact') }} as contact,
    {{ raw_json(raw, 'items') }} as items,
    {{ raw_json(raw, 'customFields') }} as custom_fields,
    {{ raw_json(raw, 'source') }} as source,
    {{ raw_json_is_readable(raw, 'customer', 'contact', 'items', 'customFields', 'source') }}
        as is_readable,
    {{ raw_text(raw, 'totalSumm') }} as revenue,
    {{ raw_text(raw, 'purchaseSumm') }} as cost,
    {{ raw_text(raw, 'currency') }} as currency,
    {{ raw_time(raw, 'fullPaidAt') }} as paid_at,
    {{ raw_time(raw, 'statusUpdatedAt') }} as status_updated_at,
    {{ raw_attributes(raw, 'orders') }}
    {{ raw_time(raw, 'createdAt') }} as created_at
{%- endcall %}
