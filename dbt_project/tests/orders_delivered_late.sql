{{ config(severity='warn') }}
{%- set mart_rows = source('metrica_export', 'mart_rows') -%}
{%- set hours = var('delivery_hours') -%}
{%- set is_measured = false -%}
{#- `metrica-export run` creates the ledger, and dbt's role needs no right on it. -#}
{%- if execute and hours is not none and load_relation(mart_rows) is not none -%}
    {%- set is_measured = may_select(mart_rows) -%}
{%- endif %}
{% if is_measured %}
with due as (
    select
        counter_id,
        case
            when state = 'sent' and sent_at <= updated_at + interval '{{ hours }} hours' then 1
            else 0
        end as is_in_time
    from {{ mart_rows }}
    where
        entity in ('orders', 'simple_orders')
        and state <> 'rejected'
        -- The time of a younger change has not passed yet.
        and updated_at <= current_timestamp - interval '{{ hours }} hours'
        and updated_at > current_timestamp - interval '{{ hours }} hours' - interval '1 day'
)

select
    counter_id,
    count(*) as changed,
    sum(is_in_time) as in_time
from due
group by counter_id
having 100 * sum(is_in_time) < {{ var('delivery_percent') }} * count(*)
{% else %}
select cast(null as bigint) as counter_id
limit 0
{% endif %}
