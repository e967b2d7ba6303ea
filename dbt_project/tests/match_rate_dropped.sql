{{ config(severity='warn') }}
{%- set tied_orders = source('metrica_export', 'tied_orders') -%}
{%- set is_measured = false -%}
{#- `metrica-export run` creates the ledger, and dbt's role needs no right on it. -#}
{%- if execute and load_relation(tied_orders) is not none -%}
    {%- set is_measured = may_select(tied_orders) -%}
{%- endif %}
{% if is_measured %}
with measured as (
    select
        counter_id,
        cohort,
        measured_at,
        delivered,
        tied,
        1.0 * tied / delivered as rate
    from {{ tied_orders }}
    where status_type = 'all' and identifiers = 'all' and delivered > 0
),

compared as (
    select
        *,
        lag(rate) over (partition by counter_id, cohort order by measured_at) as earlier_rate,
        row_number() over (partition by counter_id, cohort order by measured_at desc) as nth
    from measured
    where rate is not null
)

select
    counter_id,
    cohort,
    measured_at,
    delivered,
    tied,
    earlier_rate,
    rate
from compared
where
    nth = 1
    and rate < earlier_rate * (100 - {{ var('match_rate_drop_percent') }}) / 100
{% else %}
select cast(null as date) as cohort
limit 0
{% endif %}
