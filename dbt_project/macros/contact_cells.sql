{% macro cells_of_contacts(contacts, identifiers) -%}
    with cells as (
        select
            contact_id,
            'email' as kind,
            email as cell,
            updated_at
        from {{ contacts }}
        union all
        select
            contact_id,
            'phone' as kind,
            phone as cell,
            updated_at
        from {{ contacts }}
        union all
        select
            contact_id,
            'client_id' as kind,
            metrica_client_id as cell,
            updated_at
        from {{ contacts }}
        union all
        select
            contact_id,
            kind,
            value as cell,
            updated_at
        from {{ identifiers }}
    ),

    newest as (
        select
            {{ bytes('contact_id') }} as contact_id,
            {{ bytes('kind') }} as kind,
            {{ bytes('cell') }} as cell,
            max(updated_at) as updated_at
        from cells
        where
            kind in ('email', 'phone', 'client_id')
            and trim(both ' ' from cell) <> ''
        group by {{ bytes('contact_id') }}, {{ bytes('kind') }}, {{ bytes('cell') }}
    )

    select
        {{ own_collation('contact_id') }} as contact_id,
        {{ own_collation('kind') }} as kind,
        {{ own_collation('cell') }} as cell,
        updated_at
    from newest
{%- endmacro %}
