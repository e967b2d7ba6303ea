-- What a delivery said, as far as later runs must know it: an order's status and its place
-- in the order's path, the creation date, which Metrica never changes again, and the
-- columns that had a value, a bit each.
alter table metrica_export.ledger_deliveries add column order_status text;
alter table metrica_export.ledger_deliveries add column step integer;
alter table metrica_export.ledger_deliveries add column create_date_time timestamp;
alter table metrica_export.ledger_deliveries add column filled bigint;

-- Which bit stands for which column. A column keeps its bit for good.
create table if not exists metrica_export.ledger_columns (
    entity text not null,
    column_name text not null,
    bit_no integer not null,
    primary key (entity, column_name)
);

-- The mapping of order statuses as Metrica last took it from us.
create table if not exists metrica_export.ledger_statuses (
    counter_id bigint not null,
    id text not null,
    type text not null,
    humanized text,
    goal_action_ids text,
    primary key (counter_id, id)
);

-- The counter's JavaScript goals as the last run found them; they may stand as statuses.
create table if not exists metrica_export.ledger_goals (
    counter_id bigint not null,
    goal_id text not null,
    primary key (counter_id, goal_id)
);
