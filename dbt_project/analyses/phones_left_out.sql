-- The phones of the CRM that have no international form.
select
    contact_id,
    raw,
    reason,
    count(*) over (partition by reason) as with_this_reason
from {{ ref('metrica_crm', 'int_contact_identifiers') }}
where kind = 'phone' and reason is not null
order by reason, contact_id, raw
