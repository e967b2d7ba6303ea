-- Words and random choices. Every choice is a hash of the seed, a salt and a row's number, so that
-- a seed always writes the same tables, with any number of threads.
-- Variables: `seed`, `first` and `last` (the numbers of the rows to create), `since` and `until`
-- (the period of their creation).

create temp macro draw(id, salt, below) as
    (md5_number_lower(concat_ws('/', getvariable('seed'), salt, id)) % below)::integer;

create temp macro chance(id, salt) as draw(id, salt, 1000000) / 1000000.0;

create temp macro pick(options, id, salt) as options[1 + draw(id, salt, len(options))];

-- The moment of row `n`: rows arrive evenly, in their order, at full seconds.
create temp macro moment(n, salt) as getvariable('since')::timestamptz + to_seconds(floor(
    (n - getvariable('first') + chance(n, salt))
    * (epoch(getvariable('until')::timestamptz) - epoch(getvariable('since')::timestamptz))
    / (getvariable('last') - getvariable('first') + 1)
)::bigint);

-- A moment between `start` and `until`.
create temp macro later(start, fraction) as
    start + to_seconds(floor(fraction * (epoch(getvariable('until')::timestamptz) - epoch(start)))::bigint);

set variable male_names = ['Иван', 'Пётр', 'Алексей', 'Сергей', 'Дмитрий', 'Михаил', 'Тимур', 'Егор', 'Лев', 'Артём'];
set variable female_names = ['Анна', 'Мария', 'Ольга', 'Елена', 'Наталья', 'Дарья', 'Алёна', 'Юлия', 'Гузель', 'Вера'];
-- Each gets an «а» in a woman's name. The Latin list has the same names in the same order.
set variable surnames = ['Иванов', 'Петров', 'Сидоров', 'Кузнецов', 'Соловьёв', 'Морозов', 'Волков', 'Зайцев', 'Королёв', 'Воробьёв', 'Ильин', 'Никитин', 'Щукин', 'Жуков', 'Ершов', 'Чернов'];
set variable surnames_latin = ['ivanov', 'petrov', 'sidorov', 'kuznetsov', 'soloviev', 'morozov', 'volkov', 'zaitsev', 'korolev', 'vorobiev', 'ilin', 'nikitin', 'shchukin', 'zhukov', 'ershov', 'chernov'];
set variable latin_names = ['Anna Müller', 'John O''Brien', 'Zoë Martin', 'Marco Rossi', 'Aigerim Bekova', 'Li Wei', 'Jean-Luc Petit', 'Kovács, Éva', 'SMITH JANE', 'Søren Dahl'];
set variable companies = ['ООО «Ромашка», отдел закупок', 'ИП Чернов "Всё; сразу"', 'АО "Пример"', 'Example Ltd.', 'Магазин у дома 🏠', '=Кафе «Плюс»'];
set variable mail_domains = ['example.com', 'example.org', 'example.net', 'mail.example', 'pochta.example'];
set variable goods = ['Ноутбук', 'Кофемолка', 'Чайник', 'Лампа настольная', 'Кресло', 'Рюкзак', 'Термос', 'Наушники', 'Клавиатура', 'Плед', 'Coffee maker', 'Desk lamp'];
set variable trims = ['цвет чёрный', 'цвет белый', 'размер XL', 'набор, 2 шт.', 'серия "Уют"', 'mini', 'Pro; комплект', 'basic'];

create temp macro person_name(n) as case
    when draw(n, 'name', 100) < 2 then null
    when draw(n, 'name', 100) < 3 then ''
    when draw(n, 'name', 100) < 6 then pick(getvariable('companies'), n, 'company')
    when draw(n, 'name', 100) < 22 then pick(getvariable('latin_names'), n, 'latin')
    when draw(n, 'name', 100) < 26 then lower(pick(getvariable('female_names'), n, 'first')) || '  '
    when draw(n, 'name', 100) < 62 then
        pick(getvariable('female_names'), n, 'first') || ' ' || pick(getvariable('surnames'), n, 'last') || 'а'
    when draw(n, 'name', 100) < 80 then
        pick(getvariable('male_names'), n, 'first') || ' ' || pick(getvariable('surnames'), n, 'last')
    else pick(getvariable('surnames'), n, 'last') || ' ' || pick(getvariable('male_names'), n, 'first')
end;

create temp macro mobile(n, salt) as '9' || lpad(draw(n, salt, 1000000000)::text, 9, '0');

create temp macro russian_phone(digits, spelling) as case spelling
    when 0 then format('8 ({}) {}-{}-{}', digits[1:3], digits[4:6], digits[7:8], digits[9:10])
    when 1 then format('+7 {} {} {} {}', digits[1:3], digits[4:6], digits[7:8], digits[9:10])
    when 2 then format('7-{}-{}-{}-{}', digits[1:3], digits[4:6], digits[7:8], digits[9:10])
    when 3 then digits
    when 4 then '+7' || digits
    when 5 then '8' || digits
    when 6 then '7' || digits
    else format('+7 ({}) {}-{}-{}', digits[1:3], digits[4:6], digits[7:8], digits[9:10])
end;

create temp macro foreign_phone(digits, country) as case country
    when 0 then '+49 (0)711 ' || digits[4:10]
    when 1 then '+49 0711 ' || digits[4:10]
    when 2 then '+44 020 7946 0' || digits[8:10]
    when 3 then '+1 (202) 555-01' || digits[9:10]
    when 4 then format('+375 29 {}-{}-{}', digits[4:6], digits[7:8], digits[9:10])
    when 5 then format('+7 701 {} {} {}', digits[4:6], digits[7:8], digits[9:10])
    when 6 then '0033 1 99 00 ' || digits[7:8] || ' ' || digits[9:10]
    else '+39 06 ' || digits[3:10]
end;

create temp macro phone_as_typed(n, salt) as case
    when draw(n, salt || '-typed', 1000) < 70 then null
    when draw(n, salt || '-typed', 1000) < 85 then ''
    when draw(n, salt || '-typed', 1000) < 92 then
        pick(['нет', '-', '123', 'звонить после 18', '8 (999) 123-45', '+', 'см. почту'], n, salt || '-nonsense')
    when draw(n, salt || '-typed', 1000) < 140 then
        foreign_phone(mobile(n, salt), draw(n, salt || '-country', 8))
    when draw(n, salt || '-typed', 1000) < 160 then
        russian_phone(mobile(n, salt), 0) || pick([', ', '; ', ' / '], n, salt || '-and')
        || russian_phone(mobile(n, salt || '-second'), draw(n, salt || '-spelling', 8))
    when draw(n, salt || '-typed', 1000) < 175 then
        russian_phone('495' || mobile(n, salt)[4:10], 7)
        || pick([' доб. 12', ' ext. 12', ' x12', ' #12'], n, salt || '-extension')
    else russian_phone(mobile(n, salt), draw(n, salt || '-spelling', 8))
end;

create temp macro mail_address(n, salt) as
    pick(getvariable('surnames_latin'), n, 'last') || '.' || lower(to_base(draw(n, salt, 60466176), 36))
    || '@' || pick(getvariable('mail_domains'), n, salt || '-domain');

create temp macro mail_as_typed(n, salt) as case
    when draw(n, salt || '-typed', 1000) < 100 then null
    when draw(n, salt || '-typed', 1000) < 115 then ''
    when draw(n, salt || '-typed', 1000) < 118 then pick(['нет', '-', '@', 'no e-mail'], n, salt || '-nonsense')
    when draw(n, salt || '-typed', 1000) < 121 then replace(mail_address(n, salt), '@', '.')
    -- The second letter of the domain's name is Cyrillic.
    when draw(n, salt || '-typed', 1000) < 125 then replace(mail_address(n, salt), 'example', 'exаmple')
    when draw(n, salt || '-typed', 1000) < 140 then mail_address(n, salt) || chr(160)
    when draw(n, salt || '-typed', 1000) < 155 then
        mail_address(n, salt) || pick([', ', '; '], n, salt || '-and') || mail_address(n, salt || '-second')
    when draw(n, salt || '-typed', 1000) < 200 then '  ' || upper(mail_address(n, salt)) || ' '
    when draw(n, salt || '-typed', 1000) < 270 then upper(mail_address(n, salt)[1]) || mail_address(n, salt)[2:]
    else mail_address(n, salt)
end;

-- A ClientID of Metrica's form: a time of ten digits and a number of nine; old ones are shorter.
create temp macro browser_id(n, salt) as left(
    (1650000000 + draw(n, salt || '-time', 100000000))::text || lpad(draw(n, salt, 1000000000)::text, 9, '0'),
    pick([16, 17, 18, 19, 19, 19], n, salt || '-length')
);

create temp macro product_code(n) as case
    when n % 100 = 42 then 'арт. ' || n || '/7'
    when n % 100 = 77 then 'SKU:' || n
    else format('SKU-{:05d}', n)
end;

create temp macro contact_code(n) as format('C-{:06d}', n);

create temp macro price(product_id) as
    (90 + floor(12000 * chance(product_id, 'price') ** 3) + draw(product_id, 'kopecks', 4) * 0.25)::decimal(18, 2);

create temp macro in_currency(roubles, currency) as (roubles / case upper(currency)
    when 'USD' then 80
    when 'EUR' then 92.5
    when 'KZT' then 0.16
    else 1
end)::decimal(18, 2);

create temp macro is_final(status) as status in ('delivered', 'cancelled', 'spam', 'returned');
