{% for kind in ['client_id', 'email', 'phone'] %}
select
    cells.contact_id,
    cells.kind
from {{ ref('int_identifier_cells') }} as cells
left join {{ ref('int_' ~ kind ~ '_spellings') }} as spellings on cells.cell = spellings.cell
where
    cells.kind = '{{ kind }}'
    and {{ clean_text("translate(cells.cell, ',;/[]{}', '       ')") }} is not null
    and spellings.cell is null
{{ 'union all' if not loop.last }}
{% endfor %}
