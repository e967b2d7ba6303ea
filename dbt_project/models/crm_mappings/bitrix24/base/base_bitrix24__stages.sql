{{ config(enabled=var('crm') == 'bitrix24', materialized='view') }}
{%- set raw = raw_table('metrica_bitrix24', 'crm_status') %}

{% call first_rows(
    raw.rows, ['status'], newest_first(raw),
    matches(raw_text(raw, 'ENTITY_ID'), '^DEAL_STAGE(_[0-9]+)?$')
) -%}
    {{ raw_text(raw, 'STATUS_ID') }} as status,
    {{ raw_text(raw, 'NAME') }} as name,
    {{ raw_text(raw, 'SEMANTICS') }} as semantics,
    coalesce(
        {{ raw_text(raw, 'CATEGORY_ID') }},
        case
            when {{ raw_text(raw, 'ENTITY_ID') }} = 'DEAL_STAGE' then '0'
            else substr({{ raw_text(raw, 'ENTITY_ID') }}, 12)
        end
    ) as pipeline_id
{%- endcall %}
