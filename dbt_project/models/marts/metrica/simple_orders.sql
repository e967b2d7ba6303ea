{{ config(
    unique_key='id',
    indexes=mart_indexes('id'),
    post_hook=["{{ record_mart_build(times_from='orders') }}", "{{ gather_statistics() }}"],
) }}

with own as (
    select * from {{ ref('metrica_crm', 'orders') }}
),

statuses as (
    select * from {{ ref('metrica_crm', 'order_statuses') }}
),

contacts as (
    select * from {{ ref('metrica_crm', 'contacts') }}
),

-- The var identifiers is applied again: the contacts may have been built with another value.
-- `offset 0`, because PostgreSQL would otherwise compute each column again for the hash.
orders as (
    select
        own.id,
        own.create_date_time,
        own.client_uniq_id,
        contacts.client_ids,
        {{ if_sent('emails', 'plain', 'contacts.emails') }} as emails,
        {{ if_sent('phones', 'plain', 'contacts.phones') }} as phones,
        {{ if_sent('emails', 'md5', 'contacts.emails_md5') }} as emails_md5,
        {{ if_sent('phones', 'md5', 'contacts.phones_md5') }} as phones_md5,
        case
            when statuses.type = 'OTHER' or own.order_status like 'unmapped:%'
                then own.order_status
            else statuses.type
        end as order_status,
        own.revenue,
        own.cost,
        own.goals,
        own.currency,
        greatest(own.updated_at, contacts.updated_at) as updated_at
    from own
    left join statuses on own.order_status = statuses.id
    left join contacts on own.client_uniq_id = contacts.uniq_id
    {% if is_incremental() %}
    where
        greatest(own.updated_at, contacts.updated_at) >= {{ incremental_start() }}
        or greatest(own.updated_at, contacts.updated_at) is null
    {% endif %}
    offset 0
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from orders
)

select * from hashed
