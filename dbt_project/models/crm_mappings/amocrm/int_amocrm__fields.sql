{{ config(enabled=var('crm') == 'amocrm') }}

-- One row for each filled custom field of a lead, contact or company.
with owners as (
    {% for owner, model, id in [
        ('lead', 'base_amocrm__leads', 'order_id'),
        ('contact', 'base_amocrm__contacts', 'contact_id'),
        ('company', 'base_amocrm__companies', 'company_id'),
    ] -%}
        select
            '{{ owner }}' as owner,
            {{ id }} as owner_id,
            fields
        from {{ ref('metrica_crm', model) }}
        where fields is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

items as (
    select
        owner,
        owner_id,
        {{ list_rows(json_items('fields')) }} as item
    from owners
),

fields as (
    select
        owner,
        owner_id,
        {{ json_text('item', 'field_id') }} as field_id,
        {{ json_text('item', 'field_code') }} as field_code,
        {{ json_text('item', 'field_name') }} as field_name,
        {{ json_text('item', 'field_type') }} as field_type,
        {{ as_text(json_member('item', 'values')) }} as cells
    from items
)

select
    *,
    {{ folded_name('field_code') }} as folded_code,
    {{ folded_name('field_name') }} as folded_name,
    {{ json_first_value('cells') }} as first_value
from fields
