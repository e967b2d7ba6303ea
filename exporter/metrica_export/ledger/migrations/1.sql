-- The ledger: what is in Metrica, for each counter. One schema, in the warehouse itself,
-- in SQL that PostgreSQL and DuckDB both take.
--
-- A delivery is written before its upload starts and counts only once the upload is
-- PASSED, so the commit after Metrica's answer changes one row, however large the file.

create table if not exists metrica_export.ledger_version (
    version integer not null
);

create sequence if not exists metrica_export.ledger_run_numbers;
create sequence if not exists metrica_export.ledger_upload_numbers;

create table if not exists metrica_export.ledger_runs (
    run_no bigint primary key,
    counter_id bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    exit_code integer,
    message text
);

create table if not exists metrica_export.ledger_run_entities (
    run_no bigint not null,
    entity text not null,
    mart_rows bigint not null,
    sent bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    held bigint not null,
    uploads bigint not null,
    primary key (run_no, entity)
);

-- status: prepared, started, then PASSED, FAILED or unknown (no answer that says which).
create table if not exists metrica_export.ledger_uploads (
    upload_no bigint primary key,
    run_no bigint not null,
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

-- Append-only: every state of every row that was handed over, so its history too.
create table if not exists metrica_export.ledger_deliveries (
    upload_no bigint not null,
    entity text not null,
    id text not null,
    row_hash text not null
);

-- Why a row of a mart is not in Metrica in its present state. One line a mart row.
create table if not exists metrica_export.ledger_verdicts (
    counter_id bigint not null,
    entity text not null,
    id text,
    row_hash text,
    state text not null,
    column_name text,
    reason text not null,
    run_no bigint not null,
    judged_at timestamptz not null
);

-- How far the last complete pass over a mart has seen, and what it saw: the count and a
-- sum over the rows' hashes show whether anything behind it has changed since.
create table if not exists metrica_export.ledger_watermarks (
    counter_id bigint not null,
    entity text not null,
    updated_at timestamptz,
    mart_rows bigint not null,
    fingerprint decimal(38, 0) not null,
    run_no bigint not null,
    primary key (counter_id, entity)
);
