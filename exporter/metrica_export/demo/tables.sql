-- An empty CRM.

create schema if not exists crm;

create or replace table crm.contacts (
    contact_id text,
    full_name text,
    email text,
    phone text,
    metrica_client_id text,
    birth_date date,
    created_at timestamptz,
    updated_at timestamptz
);

create or replace table crm.contact_identifiers (
    contact_id text,
    kind text,
    value text,
    updated_at timestamptz
);

create or replace table crm.orders (
    order_id integer,
    contact_id text,
    status text,
    created_at timestamptz,
    updated_at timestamptz,
    finished_at timestamptz,
    revenue decimal(18, 2),
    cost decimal(18, 2),
    currency text
);

create or replace table crm.order_items (
    order_id integer,
    product_id text,
    quantity integer,
    updated_at timestamptz
);

create or replace table crm.products (
    product_id text,
    name text,
    updated_at timestamptz
);

create or replace table crm.order_status_history (
    order_id integer,
    status text,
    changed_at timestamptz
);
