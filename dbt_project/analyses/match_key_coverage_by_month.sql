-- How many of a month's new customers Metrica can recognise, and by what.
with contacts as (
    select
        cast(date_trunc('month', create_date_time) as date) as month,
        identifiers_count,
        client_ids,
        coalesce(emails, emails_md5) as emails,
        coalesce(phones, phones_md5) as phones
    from {{ ref('contacts') }}
)

select
    month,
    count(*) as contacts,
    count(*) filter (where identifiers_count > 0) as with_any_key,
    count(client_ids) as with_client_id,
    count(emails) as with_email,
    count(phones) as with_phone,
    round(100.0 * count(*) filter (where identifiers_count > 0) / count(*), 1) as percent_with_any
from contacts
group by month
order by month desc nulls last
