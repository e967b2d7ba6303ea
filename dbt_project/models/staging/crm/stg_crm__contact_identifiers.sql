{% if var('crm_has_contact_identifiers') %}
{{ config(pre_hook="{{ require_times('contact_identifiers', ['updated_at']) }}") }}
{%- set types = crm_types('contact_identifiers') %}
with identifiers as (
    select
        {{ id_text('contact_id', types) }} as contact_id,
        {{ clean_text(fold_case(as_text('kind'))) }} as kind,
        {{ cell_text('value', types) }} as value,
        {{ instant('updated_at', types) }} as updated_at
    from {{ crm_table('contact_identifiers') }}
)

select
    contact_id,
    kind,
    value,
    max(updated_at) as updated_at
from identifiers
group by contact_id, kind, value
{% else %}
select
    {{ as_text('null') }} as contact_id,
    {{ as_text('null') }} as kind,
    {{ as_text('null') }} as value,
    {{ as_instant('null') }} as updated_at
where false
{% endif %}
