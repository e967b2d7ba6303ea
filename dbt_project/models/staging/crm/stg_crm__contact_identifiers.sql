{% if var('crm_has_contact_identifiers') %}
{{ config(pre_hook="{{ require_times('contact_identifiers', ['updated_at']) }}") }}
select
    {{ id_text('contact_id') }} as contact_id,
    {{ fold_case(clean_text('cast(kind as text)')) }} as kind,
    {{ cell_text('value') }} as value,
    {{ instant('updated_at') }} as updated_at
from {{ source('crm', 'contact_identifiers') }}
{% else %}
select
    cast(null as text) as contact_id,
    cast(null as text) as kind,
    cast(null as text) as value,
    cast(null as timestamp with time zone) as updated_at
where false
{% endif %}
