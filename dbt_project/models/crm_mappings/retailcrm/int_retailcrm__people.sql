{{ config(
    enabled=var('crm') == 'retailcrm',
    post_hook="{{ warn_of_empty_attributes('contacts') }}",
) }}

with customers as (
    select * from {{ ref('metrica_crm', 'base_retailcrm__customers') }}
),

history as (
    select * from {{ ref('metrica_crm', 'base_retailcrm__customers_history') }}
),

changes as (
    select
        customer_id,
        max(combined_to) as merged_into,
        coalesce(bool_or(is_deleted), false) as is_deleted,
        max(changed_at) as updated_at
    from history
    group by customer_id
)

select
    customers.contact_id,
    customers.full_name,
    customers.email,
    customers.phone,
    {{ retailcrm_client_ids('customers.custom_fields') }} as metrica_client_id,
    customers.birth_date,
    changes.merged_into,
    coalesce(changes.is_deleted, false) or changes.merged_into is not null as is_deleted,
    customers.created_at,
    {{ retailcrm_attributes('contacts', 'customers') }}
    greatest(customers.created_at, changes.updated_at) as updated_at
from customers
left join changes on customers.contact_id = changes.customer_id
