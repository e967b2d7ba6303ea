select
    cells.contact_id,
    cells.kind,
    spellings.raw,
    spellings.client_id as identifier,
    spellings.reason,
    cells.updated_at
from {{ ref('int_identifier_cells') }} as cells
inner join {{ ref('int_client_id_spellings') }} as spellings on cells.cell = spellings.cell
where cells.kind = 'client_id'
union all
select
    cells.contact_id,
    cells.kind,
    spellings.raw,
    spellings.email as identifier,
    spellings.reason,
    cells.updated_at
from {{ ref('int_identifier_cells') }} as cells
inner join {{ ref('int_email_spellings') }} as spellings on cells.cell = spellings.cell
where cells.kind = 'email'
union all
select
    cells.contact_id,
    cells.kind,
    spellings.raw,
    spellings.phone as identifier,
    spellings.reason,
    cells.updated_at
from {{ ref('int_identifier_cells') }} as cells
inner join {{ ref('int_phone_spellings') }} as spellings on cells.cell = spellings.cell
where cells.kind = 'phone'
