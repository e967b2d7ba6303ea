-- The share of each month's new customers that Metrica can recognise, by kind of identifier.
with contacts as (
    select
        cast(date_trunc('month', create_date_time) as date) as month,
        client_ids,
        coalesce(emails, emails_md5) as emails,
        coalesce(phones, phones_md5) as phones
    from {{ ref('metrica_crm', 'contacts') }}
)

select
    month,
    count(*) as contacts,
    round(100.0 * count(coalesce(client_ids, emails, phones)) / count(*), 1) as percent_with_any,
    count(client_ids) as with_client_id,
    count(emails) as with_email,
    count(phones) as with_phone
from contacts
group by month
order by month desc nulls last
