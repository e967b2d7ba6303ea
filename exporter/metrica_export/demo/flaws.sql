-- Flaws of a real CRM. There are a few unsendable rows of each kind, and their orders are days
-- old, so that they are inside Metrica's windows.
-- Variable: `until`, the time of the CRM's state.

-- Twelve days ago one statement updated a fifth of all rows.
update crm.contacts set updated_at = getvariable('until') - to_hours(290)
where draw(contact_id, 'mass', 5) = 0 and updated_at < getvariable('until') - to_hours(290);

update crm.orders set updated_at = getvariable('until') - to_hours(290)
where draw(order_id, 'mass', 5) = 0 and updated_at < getvariable('until') - to_hours(290);

-- Rows that an import wrote without a timestamp.
update crm.contacts set updated_at = null
where draw(contact_id, 'untimed', 400) = 0;

update crm.orders set updated_at = null
where draw(order_id, 'untimed', 600) = 0;

-- A ClientID that went through a spreadsheet.
update crm.contacts set metrica_client_id = '1.67' || (contact_id[-3:]) || 'E+18'
where draw(contact_id, 'spreadsheet', 1000) = 0 and metrica_client_id is not null;

-- An unknown date in this CRM is 1900; Metrica accepts no date before 1970.
update crm.contacts set created_at = timestamptz '1900-01-01 00:00:00+00'
where created_at > getvariable('until') - to_hours(400) and draw(contact_id, 'old', 24) = 0;

-- The history of statuses covers three weeks: before that the CRM had none.
delete from crm.order_status_history where changed_at < getvariable('until') - to_hours(504);

-- Orders without a status, without a contact, and of a deleted contact.
create or replace temp table flawed_order as
select order_id, draw(order_id, 'flaw', 1000) as flaw
from crm.orders
where created_at > getvariable('until') - to_hours(450);

delete from crm.order_status_history
where order_id in (select order_id from flawed_order where flaw in (1, 2));

update crm.orders set status = null, finished_at = null
where order_id in (select order_id from flawed_order where flaw in (1, 2));

update crm.orders set contact_id = null
where order_id in (select order_id from flawed_order where flaw = 3);

update crm.orders set contact_id = contact_id || '-merged'
where order_id in (select order_id from flawed_order where flaw in (4, 5));
