{{ config(enabled=var('crm') == 'amocrm') }}

with companies as (
    select *
    from {{ ref('metrica_crm', 'base_amocrm__companies') }}
    where not is_deleted
),

fields as (
    select *
    from {{ ref('metrica_crm', 'int_amocrm__fields') }}
    where owner = 'company'
),

wide as (
    select
        owner_id,
        max(cells) filter (where field_code = 'PHONE') as phone,
        max(cells) filter (where field_code = 'EMAIL') as email,
        {{ amocrm_client_ids() }} as metrica_client_id
    from fields
    group by owner_id
)

select
    companies.company_id,
    companies.full_name,
    wide.email,
    wide.phone,
    wide.metrica_client_id,
    companies.created_at,
    companies.updated_at
from companies
left join wide on companies.company_id = wide.owner_id
