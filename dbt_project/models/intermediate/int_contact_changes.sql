select
    contact_id,
    max(updated_at) as updated_at
from {{ ref('metrica_crm', 'stg_crm__contact_identifiers') }}
where contact_id is not null
group by contact_id
