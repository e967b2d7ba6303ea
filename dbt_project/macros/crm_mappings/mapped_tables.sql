{% macro mapped_orders(orders, order_contacts) -%}
    with orders as (
        select *
        from {{ orders }}
        {% if var('order_filter') -%}
        where {{ var('order_filter') }}
        {%- endif %}
    ),

    main_contacts as (
        select *
        from {{ order_contacts }}
        where place = 1
    )

    select
        orders.*,
        {% if var('order_goals') -%}
        {{ var('order_goals') }} as goals,
        {% endif -%}
        coalesce(
            case when not main_contacts.is_deleted then main_contacts.contact_id end,
            {% if var('contacts_from_orders') -%}
            case
                when coalesce(orders.own_client_ids, orders.own_email, orders.own_phone) is not null
                    then 'order:' || orders.order_id
            end,
            {% endif -%}
            {% if var('contacts_from_companies') -%}
            'company:' || orders.company_id,
            {% endif -%}
            main_contacts.contact_id
        ) as contact_id
    from orders
    left join main_contacts on orders.order_id = main_contacts.order_id
{%- endmacro %}


{% macro mapped_contacts(people, companies, orders) -%}
    with people as (
        select * from {{ people }}
    ),

    companies as (
        select * from {{ companies }}
    ),

    orders as (
        select * from {{ orders }}
    )

    select
        contact_id,
        full_name,
        email,
        phone,
        metrica_client_id,
        birth_date,
        created_at,
        {{ attribute_columns('contacts', 'people') }}
        updated_at
    from people
    where not is_deleted
    union all
    select
        'company:' || company_id as contact_id,
        full_name,
        email,
        phone,
        metrica_client_id,
        {{ as_text('null') }} as birth_date,
        created_at,
        {{ attribute_columns('contacts') }}
        updated_at
    from companies
    where 'company:' || company_id in (select orders.contact_id from orders)
    union all
    select
        contact_id,
        own_name as full_name,
        own_email as email,
        own_phone as phone,
        own_client_ids as metrica_client_id,
        {{ as_text('null') }} as birth_date,
        created_at,
        {{ attribute_columns('contacts') }}
        updated_at
    from orders
    where contact_id = 'order:' || order_id
{%- endmacro %}


{% macro mapped_contact_identifiers(people, orders, order_contacts, more=none) -%}
    with people as (
        select * from {{ people }}
    ),

    orders as (
        select * from {{ orders }}
    ),

    order_contacts as (
        select * from {{ order_contacts }}
    ),

    owners as (
        select
            contact_id,
            own_email as email,
            own_phone as phone,
            own_client_ids as metrica_client_id,
            updated_at
        from orders
        where contact_id <> 'order:' || order_id
        union all
        select
            merged_into as contact_id,
            email,
            phone,
            metrica_client_id,
            updated_at
        from people
        where merged_into is not null
        {% if var('merge_order_contacts') -%}
        union all
        select
            orders.contact_id,
            people.email,
            people.phone,
            people.metrica_client_id,
            greatest(orders.updated_at, people.updated_at) as updated_at
        from order_contacts
        inner join orders on order_contacts.order_id = orders.order_id
        inner join people on order_contacts.contact_id = people.contact_id
        where
            order_contacts.contact_id <> orders.contact_id
            and not people.is_deleted
        {%- endif %}
    ),

    identifiers as (
        {% for kind, column in [
            ('email', 'email'), ('phone', 'phone'), ('client_id', 'metrica_client_id')
        ] -%}
        select
            contact_id,
            '{{ kind }}' as kind,
            {{ column }} as value,
            updated_at
        from owners
        {% if not loop.last %}union all{% endif %}
        {% endfor -%}
    )

    select
        contact_id,
        kind,
        value,
        max(updated_at) as updated_at
    from identifiers
    where value is not null
    group by contact_id, kind, value
{%- endmacro %}


{% macro mapped_statuses(statuses) -%}
    {#- A status that the CRM's dictionary lost may still have a type in the var. -#}
    {%- set types = var('order_status_types') -%}
    {%- set known = ['IN_PROGRESS', 'PAID', 'CANCELLED', 'SPAM', 'OTHER'] -%}
    {%- if types is not mapping or types.values() | reject('in', known) | list -%}
        {{ exceptions.raise_compiler_error(
            "The var order_status_types is '" ~ types ~ "'. Set it in dbt_project.yml or by --vars to a"
            ~ " mapping of the CRM's statuses to " ~ known | join(", ") ~ ", such as {'C5:WON': OTHER}."
        ) }}
    {%- endif -%}
    with statuses as (
        select * from {{ statuses }}
    )

    select
        status as crm_status,
        status as id,
        {% if types -%}
        case {{ fold_case('status') }}
            {% for status, type in types.items() -%}
            when {{ _literal(status | string | lower) }} then '{{ type }}'
            {% endfor -%}
            else type
        end as type,
        {%- else -%}
        type,
        {%- endif %}
        coalesce(name, status) as humanized,
        {{ as_text('null') }} as goal_action_ids
    from statuses
    {% for status, type in types.items() -%}
    {%- set text = _literal(status | string) -%}
    union all
    select
        {{ text }} as crm_status,
        {{ text }} as id,
        '{{ type }}' as type,
        {{ text }} as humanized,
        {{ as_text('null') }} as goal_action_ids
    where {{ _literal(status | string | lower) }} not in (select {{ fold_case('status') }} from statuses)
    {% endfor %}
{%- endmacro %}


{% macro won_type(pipeline) -%}
    {%- set pipelines = var('sales_pipelines') -%}
    {%- if pipelines -%}
        case
            when {{ pipeline }} in ('{{ pipelines | map("string") | join("', '") }}') then 'PAID'
            else 'OTHER'
        end
    {%- else -%}
        'PAID'
    {%- endif -%}
{%- endmacro %}


{% macro is_spam(text) -%}
    coalesce({{ matches(fold_case(text), var('spam_pattern')) }}, false)
{%- endmacro %}


{% macro attribute_columns(entity, table=none) -%}
    {#- NULLs without a table. -#}
    {%- if execute -%}
        {%- for column in _attributes_of_crm(entity) if _is_raw_field(column.source, entity) -%}
            {%- if table -%}
                {{ table }}.{{ column.cell }},
            {%- else -%}
                {{ as_instant('null') if column.type == 'timestamp' else as_text('null') }}
                as {{ column.cell }},
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro _is_crm_column(name) -%}
    {{ return(name | lower in ['contact_id', 'full_name', 'email', 'phone', 'metrica_client_id',
        'birth_date', 'order_id', 'status', 'revenue', 'cost', 'currency', 'goals', 'created_at',
        'finished_at', 'updated_at']) }}
{%- endmacro %}
