"""A small CRM in plain SQL that both engines read alike."""

from collections.abc import Iterable

TABLES = (
    "create schema crm",
    """create table crm.contacts (
        contact_id text, full_name text, email text, phone text, metrica_client_id text,
        birth_date date, created_at timestamptz, updated_at timestamptz
    )""",
    """create table crm.contact_identifiers (
        contact_id text, kind text, value text, updated_at timestamptz
    )""",
    """create table crm.orders (
        order_id integer, contact_id text, status text, created_at timestamptz,
        updated_at timestamptz, finished_at timestamptz, revenue double precision,
        cost numeric(12, 3), currency text
    )""",
    """create table crm.order_items (
        order_id integer, product_id text, quantity numeric(9, 3), updated_at timestamptz
    )""",
    "create table crm.products (product_id text, name text, updated_at timestamptz)",
)

SAMPLE = (
    """insert into crm.contacts values
        ('C-1', 'Анна Ли', ' Anna@Example.COM ', '8 (999) 555-11-11', '1678901234567890123',
         '1990-05-01', '2026-01-01 21:30:00.9+00', '2026-02-01 00:00:00+00'),
        ('C-2', '', 'leo@example.com; нет', '+49 0711 2842222, +44 (0)20 7707 0707 доб. 5',
         '1.6E+18', null, '1965-06-01 12:00:00+00', null),
        ('c-3', 'O''Neil; "Ann"', null, 'спросить', '', '1930-01-01', null,
         '2026-02-01 00:00:00+00')""",
    """insert into crm.contact_identifiers values
        ('C-1', 'phone', '9995551112', '2026-02-03 00:00:00+00'),
        ('C-1', 'phone', '+7 999 555-11-11', null),
        ('C-1', 'email', 'a.li@example.com', '2026-01-01 00:00:00+00'),
        ('C-1', 'telegram', '@anna', null)""",
    """insert into crm.orders values
        (1, 'C-1', ' Paid', '2026-02-01 10:00:00.7+00', '2026-02-01 10:00:00+00',
         '2026-02-02 10:00:00+00', 100.005, 60.125, null),
        (2, 'C-2', null, '2026-02-01 10:00:00+00', null, null, null, null, 'usd'),
        (3, 'C-9', 'NEW', '2026-02-01 10:00:00+00', '2026-02-01 10:00:00+00', null, 0, 0,
         'рубли')""",
    """insert into crm.order_items values
        (1, 'p1', 2, '2026-02-05 00:00:00+00'), (1, 'тариф', 1, null),
        (1, 'p1', 1, '2026-02-04 00:00:00+00'), (2, 'p1', -1, null), (3, 'p9', 0.5, null),
        (3, 'p1', 1.25, null)""",
    """insert into crm.products values
        ('p1', 'Груша', '2026-01-01 00:00:00+00'), ('тариф', 'Тариф "Ё"', null)""",
)

# For a CRM that keeps the statuses which its orders had.
HISTORY = (
    "create table crm.order_status_history (order_id integer, status text, changed_at timestamptz)",
    """insert into crm.order_status_history values
        (1, 'PAID', '2026-02-06 00:00:00+00'), (1, 'new', '2026-02-01 10:00:00.7+00'),
        (1, 'spam', null), (2, 'new', '2026-02-01 10:00:00+00')""",
)


def contacts_with_phones(cells: Iterable[str]) -> tuple[str, ...]:
    """Return the statement that adds a contact for each phone cell, newest last."""
    rows = ", ".join(
        f"('phone-{n:05}', {literal(cell)}, '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00')"
        for n, cell in enumerate(cells)
    )
    return (f"insert into crm.contacts (contact_id, phone, created_at, updated_at) values {rows}",)


def literal(text: str | None) -> str:
    """Return the SQL literal of a text."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"
