with cells as (
    select * from {{ ref('int_identifier_cells') }}
),

{% for kind in ['client_id', 'email', 'phone'] -%}
read_{{ kind }}s as (
    select * from {{ ref('int_' ~ kind ~ '_spellings') }}
){{ ',' if not loop.last }}

{% endfor -%}
{% for kind in ['client_id', 'email', 'phone'] -%}
select
    cells.contact_id,
    cells.kind
from cells
left join read_{{ kind }}s as spellings on cells.cell = spellings.cell
where
    cells.kind = '{{ kind }}'
    and {{ clean_text("translate(cells.cell, ',;/[]{}', '       ')") }} is not null
    and spellings.cell is null
{{ 'union all' if not loop.last }}
{% endfor %}
