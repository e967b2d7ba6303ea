-- How many delivered rows had left the mart when the last complete pass ended. Older passes did
-- not count them, so the next pass compares everything.
alter table metrica_export.ledger_watermarks add column vanished bigint;
delete from metrica_export.ledger_watermarks;
