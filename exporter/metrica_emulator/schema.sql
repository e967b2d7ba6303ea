-- Lists, goals, products and custom attributes are JSON text. Dates are text in the counter's
-- time zone, except in columns named *_utc.

create table meta (counter integer not null);

create table contacts (
    uniq_id text primary key,
    name text,
    create_date_time text,
    update_date_time text,
    birth_date text,
    client_ids text,
    emails text,
    phones text,
    emails_md5 text,
    phones_md5 text,
    custom text,
    uploading_id text not null
);

create table orders (
    id text primary key,
    client_uniq_id text not null,
    client_type text not null,
    create_date_time text not null,
    update_date_time text,
    finish_date_time text,
    order_status text not null,
    status_type text not null,
    revenue real,
    cost real,
    currency text,
    goals text,
    products text,
    custom text,
    first_paid_at text,
    uploading_id text not null
);

create table simple_orders (
    number integer primary key,
    id text unique,
    create_date_time text not null,
    client_uniq_id text,
    client_ids text,
    emails text,
    phones text,
    emails_md5 text,
    phones_md5 text,
    order_status text not null,
    status_type text not null,
    revenue real,
    cost real,
    goals text,
    currency text,
    custom text,
    first_paid_at text,
    uploading_id text not null
);

-- order_key is an order's id or a simple order's number, since a simple order may have no id.
create table goals_reached (
    entity text not null,
    order_key text not null,
    order_id text,
    goal text not null,
    revenue real,
    currency text not null,
    reached_at text not null,
    uploading_id text not null,
    primary key (entity, order_key, goal)
);

create table order_statuses (
    id text primary key,
    type text not null,
    humanized text,
    goal_action_ids text not null,
    source text not null
);

create table attributes (
    entity_type text not null,
    name text not null,
    type_name text not null,
    type_group text not null,
    type_humanized text,
    humanized text,
    multivalued integer not null,
    primary key (entity_type, name)
);

create table products (
    name text primary key,
    humanized text,
    type text
);

create table goals (
    id integer primary key,
    name text not null,
    goal_action_id text not null
);

-- keys is JSON: the visitor's ClientID, and hashes of e-mails and phones.
create table visits (
    visit_id text primary key,
    started_at text not null,
    keys text not null
);

create table uploads (
    number integer primary key autoincrement,
    uploading_id text not null unique,
    uploaded_at_utc text not null,
    entity text not null,
    merge_mode text,
    status text not null,
    elements_count integer not null,
    entity_type text not null,
    uploading_format text not null,
    errors text not null,
    warnings text not null,
    bytes integer not null,
    hidden_polls integer not null
);

-- Every applied state, in the order of application.
create table applied (
    seq integer primary key autoincrement,
    uploading_id text not null,
    entity text not null,
    id text,
    state text not null
);

-- status is null if the connection was cut, quota_group if no quota counted the request.
create table requests (
    seq integer primary key autoincrement,
    at_utc text not null,
    method text not null,
    path text not null,
    status integer,
    bytes integer not null,
    ms integer not null,
    quota_group text,
    fault text
);
