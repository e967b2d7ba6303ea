{{ config(enabled=var('crm') == 'hubspot', materialized='view') }}
{%- set raw = raw_table('metrica_hubspot', 'contact') %}

{% call first_rows(raw.rows, ['contact_id'], newest_first(raw, 'property_lastmodifieddate')) -%}
    {{ raw_id(raw, 'id') }} as contact_id,
    concat_ws(
        ' ', {{ raw_text(raw, 'property_firstname') }}, {{ raw_text(raw, 'property_lastname') }}
    ) as full_name,
    nullif(concat_ws(
        ';', {{ raw_text(raw, 'property_email') }}, {{ raw_text(raw, 'property_hs_additional_emails') }}
    ), '') as email,
    nullif(concat_ws(
        ';', {{ raw_cell(raw, 'property_phone') }}, {{ raw_cell(raw, 'property_mobilephone') }}
    ), '') as phone,
    {{ raw_client_ids(raw) }} as metrica_client_id,
    {{ raw_text(raw, 'property_date_of_birth') }} as birth_date,
    {{ raw_text(raw, 'property_hs_merged_object_ids') }} as merged_ids,
    {{ raw_flag(raw, '_fivetran_deleted', 'is_deleted') }} as is_deleted,
    {{ raw_time(raw, 'property_createdate') }} as created_at,
    {{ raw_attributes(raw, 'contacts') }}
    {{ raw_time(raw, 'property_lastmodifieddate') }} as updated_at
{%- endcall %}
