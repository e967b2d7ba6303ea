-- Requests are counted, so that a share of Metrica's daily quota holds across runs.
alter table metrica_export.ledger_runs add column requests bigint;

-- What Metrica said of a refused row, without anything that is in the row.
alter table metrica_export.ledger_verdicts add column detail text;

-- The text that the views were last made from; they are made again only when it changes.
alter table metrica_export.ledger_version add column views text;
