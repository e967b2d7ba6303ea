-- The ledger, version 1: the rows that Metrica has, for each counter. One schema in the warehouse,
-- in SQL for PostgreSQL and DuckDB.
--
-- A delivery is written before its upload starts and counts only once the upload is PASSED,
-- so the commit after Metrica's answer changes one row, however large the file.

-- `views` is the checksum of the statements that created the present views.
create table {{ ledger }}.ledger_version (
    version integer not null,
    views text
);

create sequence if not exists {{ ledger }}.ledger_run_numbers;
create sequence if not exists {{ ledger }}.ledger_upload_numbers;

-- `requests` counts a run's requests, so that the daily share of Metrica's quota holds across
-- runs.
create table {{ ledger }}.ledger_runs (
    run_no integer primary key,
    counter_id bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    exit_code integer,
    requests bigint not null,
    message text,
    -- The message of a stop in several languages, as JSON.
    message_texts text
);

create table {{ ledger }}.ledger_run_entities (
    run_no integer not null,
    entity text not null,
    mart_rows bigint not null,
    sent bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    held bigint not null,
    uploads bigint not null,
    primary key (run_no, entity)
);

-- status: prepared, started, then PASSED, FAILED or unknown (the answer was lost or unclear).
create table {{ ledger }}.ledger_uploads (
    upload_no integer primary key,
    run_no integer not null,
    counter_id bigint not null,
    entity text not null,
    row_count bigint not null,
    byte_count bigint not null,
    sha256 text not null,
    local_api boolean not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    status text not null,
    uploading_id text
);

-- Deliveries: one line for each row in each upload. The order of columns avoids padding on
-- PostgreSQL: wide numbers first, the text last.
--
-- create_date_time: the creation date in the upload. Metrica never changes the first one.
-- filled: a bit for each column with a value (ledger_columns).
-- status_no, step: the order's status (ledger_status_numbers) and its place in the path.
-- row_hash: the row hash; NULL after a reset, or if Metrica may have any state (recover).
create table {{ ledger }}.ledger_deliveries (
    create_date_time timestamp,
    filled bigint,
    upload_no integer not null,
    status_no smallint,
    step smallint,
    row_hash uuid,
    id text not null
);

-- The number of an order status in ledger_deliveries. It never changes.
create table {{ ledger }}.ledger_status_numbers (
    counter_id bigint not null,
    status_no smallint not null,
    status text not null,
    primary key (counter_id, status_no)
);

-- The bit of a column in ledger_deliveries.filled. It never changes.
create table {{ ledger }}.ledger_columns (
    counter_id bigint not null,
    entity text not null,
    column_name text not null,
    bit_no smallint not null,
    primary key (counter_id, entity, column_name)
);

-- Verdicts: the reason why Metrica does not have the present state of a mart row. One line for
-- each of these rows.
-- run_no: the first run of the unbroken series of runs that rejected or held the row.
-- detail: Metrica's reason for refusing the row, without any value of the row.
create table {{ ledger }}.ledger_verdicts (
    counter_id bigint not null,
    entity text not null,
    id text,
    row_hash text,
    state text not null,
    column_name text,
    reason text not null,
    run_no integer not null,
    judged_at timestamptz not null,
    detail text
);

-- Watermarks: the state of each mart at its last complete pass. The count and the checksum show
-- whether a row behind `updated_at` changed since. `vanished` counts delivered rows that had left
-- the mart.
create table {{ ledger }}.ledger_watermarks (
    counter_id bigint not null,
    entity text not null,
    updated_at timestamptz,
    mart_rows bigint not null,
    checksum decimal(38, 0) not null,
    run_no integer not null,
    vanished bigint not null,
    primary key (counter_id, entity)
);

-- The filter of each counter and mart in its last run that passed the gate. The views show a
-- counter only its rows.
create table {{ ledger }}.ledger_filters (
    counter_id bigint not null,
    entity text not null,
    condition text not null,
    primary key (counter_id, entity)
);

-- The mapping of order statuses that Metrica last accepted from a run.
create table {{ ledger }}.ledger_statuses (
    counter_id bigint not null,
    id text not null,
    type text not null,
    humanized text,
    goal_action_ids text,
    primary key (counter_id, id)
);

-- The counter's JavaScript goals, as last read by a run. An order status may be the id of a goal.
create table {{ ledger }}.ledger_goals (
    counter_id bigint not null,
    goal_id text not null,
    primary key (counter_id, goal_id)
);

-- Measurements: the delivered orders of a month, and those that Metrica tied to visits. Every
-- measurement adds lines with one `measured_at`, and no line is ever changed. Analysts query this
-- table, so its name and its columns are a promise.
--
-- cohort: the first day of the month in which the orders were created, in the counter's zone.
-- status_type: all, in_progress, paid, cancelled, spam or other.
-- identifiers: all, or the strongest kind by which Metrica can tie the order to a visit:
-- client_id, phone, email, hash or none. A line has all for one of the two at least.
-- in_window: the delivered orders that arrived within 21 days of their creation. Metrica ties no
-- others.
-- tied: NULL if Metrica's answer is not split in this way.
-- expected: the forecast from the rates of earlier cohorts; NULL before the first one.
-- revenue, delivered_revenue: of the paid orders (paid, all), by Metrica's report and by the mart;
-- NULL in other lines.
create table {{ ledger }}.tied_orders (
    counter_id bigint not null,
    cohort date not null,
    status_type text not null,
    identifiers text not null,
    delivered bigint not null,
    in_window bigint not null,
    tied bigint,
    expected double precision,
    revenue decimal(20, 2),
    delivered_revenue decimal(20, 2),
    measured_at timestamptz not null
);
