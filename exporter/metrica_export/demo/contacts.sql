-- Contacts number `first` to `last` with their further identifiers.

insert into crm.contacts
with typed as (
    select
        n,
        -- One contact in a thousand has no identifier.
        case when n % 1000 <> 7 then phone_as_typed(n, 'phone') end as phone,
        case when n % 1000 <> 7 then mail_as_typed(n, 'mail') end as email,
        moment(n, 'contact') as created_at
    from range(getvariable('first'), getvariable('last') + 1) as numbers (n)
)

select
    contact_code(n) as contact_id,
    person_name(n) as full_name,
    email,
    phone,
    case
        when n % 1000 = 7 then null
        when draw(n, 'browser-known', 100) < 60 or coalesce(phone, email, '') = '' then browser_id(n, 'browser')
    end as metrica_client_id,
    case
        when draw(n, 'birth-known', 100) < 55 then date '1945-01-01' + draw(n, 'birth', 22645)
    end as birth_date,
    created_at,
    case
        when draw(n, 'edited', 100) < 35 then later(created_at, chance(n, 'edited-at'))
        else created_at
    end as updated_at
from typed
order by n;

insert into crm.contact_identifiers
with further as (
    select
        n,
        unnest(['email', 'phone', 'client_id', 'client_id']) as kind,
        unnest(['mail-2', 'phone-2', 'browser-2', 'browser-3']) as salt,
        unnest([20, 20, 25, 8]) as percent
    from range(getvariable('first'), getvariable('last') + 1) as numbers (n)
    where n % 1000 <> 7
)

select
    contact_code(n) as contact_id,
    kind,
    case kind
        when 'email' then mail_as_typed(n, salt)
        when 'phone' then phone_as_typed(n, salt)
        else browser_id(n, salt)
    end as value,
    later(moment(n, 'contact'), chance(n, salt || '-added') / 2) as updated_at
from further
where draw(n, salt || '-known', 100) < percent
order by n, salt;
