{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='id',
    indexes=[{'columns': ['updated_at']}] if target.type == 'postgres' else [],
    post_hook=["{{ delete_gone(ref('orders'), 'id', 'id') }}", "{{ mark_time_zone(as_in=ref('orders')) }}"],
) }}

-- The contacts may have been built when the var identifiers was another, so it is asked again.
-- Materialized, or PostgreSQL would work a column out again wherever the hash names it.
with orders as materialized (
    select
        orders.id,
        orders.create_date_time,
        orders.client_uniq_id,
        contacts.client_ids,
        {{ if_sent('emails', 'plain', 'contacts.emails') }} as emails,
        {{ if_sent('phones', 'plain', 'contacts.phones') }} as phones,
        {{ if_sent('emails', 'md5', 'contacts.emails_md5') }} as emails_md5,
        {{ if_sent('phones', 'md5', 'contacts.phones_md5') }} as phones_md5,
        case when statuses.type = 'OTHER' then statuses.id else statuses.type end as order_status,
        orders.revenue,
        orders.cost,
        cast(null as text) as goals,
        orders.currency,
        greatest(orders.updated_at, contacts.updated_at) as updated_at
    from {{ ref('orders') }} as orders
    left join {{ ref('order_statuses') }} as statuses on orders.order_status = statuses.id
    left join {{ ref('contacts') }} as contacts on orders.client_uniq_id = contacts.uniq_id
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from orders
)

{{ rows_that_differ('hashed', 'id') }}
