select
    contact_id,
    max(updated_at) as updated_at
from {{ ref('stg_crm__contact_identifiers') }}
group by contact_id
