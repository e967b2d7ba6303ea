{% if var('crm_has_contact_identifiers') %}
{{ config(pre_hook="{{ require_times('contact_identifiers', ['updated_at']) }}") }}
{%- set types = crm_types('contact_identifiers') %}
with identifiers as (
    select
        {{ id_text('contact_id', types) }} as contact_id,
        {{ clean_text(fold_case('cast(kind as text)')) }} as kind,
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
    cast(null as text) as contact_id,
    cast(null as text) as kind,
    cast(null as text) as value,
    cast(null as timestamp with time zone) as updated_at
where false
{% endif %}
