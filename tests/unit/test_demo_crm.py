"""The demo's CRM: believable, the same every time, and honest about what a day changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from metrica_export.demo import crm

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)

COLUMNS = {
    "contacts": "contact_id text, full_name text, email text, phone text, metrica_client_id text,"
    " birth_date date, created_at timestamptz, updated_at timestamptz",
    "contact_identifiers": "contact_id text, kind text, value text, updated_at timestamptz",
    "orders": "order_id integer, contact_id text, status text, created_at timestamptz,"
    " updated_at timestamptz, finished_at timestamptz, revenue decimal(18, 2),"
    " cost decimal(18, 2), currency text",
    "order_items": "order_id integer, product_id text, quantity integer, updated_at timestamptz",
    "products": "product_id text, name text, updated_at timestamptz",
    "order_status_history": "order_id integer, status text, changed_at timestamptz",
}

STATUSES = ("new", "in_work", "paid", "shipped", "delivered", "cancelled", "spam", "returned")

CREATED_LONG_AGO = "contacts.created_at = timestamptz '1900-01-01 00:00:00+00'"

ORDER_CONTENT = """
    select o.* exclude (updated_at), i.lines, h.path
    from {schema}.orders as o
    left join (
        select order_id, string_agg(status, ',' order by changed_at) as path
        from {schema}.order_status_history group by order_id
    ) as h using (order_id)
    left join (
        select order_id, list(product_id || ' x ' || quantity order by product_id) as lines
        from {schema}.order_items group by order_id
    ) as i using (order_id)
"""

CONTACT_CONTENT = """
    select c.* exclude (updated_at) replace ({phone} as phone, {birth} as birth_date), i.further
    from {schema}.contacts as c
    left join (
        select contact_id, list(kind || ' ' || value order by kind, value) as further
        from {schema}.contact_identifiers group by contact_id
    ) as i using (contact_id)
"""


NOTICED = {
    "phone": "right(regexp_replace(phone, '[^0-9]', '', 'g'), 10)",
    "birth": "case when birth_date >= date '1970-01-01' then birth_date end",
}


def count(con: duckdb.DuckDBPyConnection, rows: str) -> int:
    [(found,)] = con.execute(f"select count(*) from {rows}").fetchall()
    assert isinstance(found, int)
    return found


def differing(con: duckdb.DuckDBPyConnection, content: str, **words: str) -> int:
    """Count the rows of the CRM that were not the same yesterday; `words` fill `content`."""
    today, yesterday = (content.format(schema=schema, **words) for schema in ("crm", "was"))
    return count(con, f"({today} except {yesterday})")


def digests(con: duckdb.DuckDBPyConnection) -> dict[str, object]:
    """Return each table's md5, over its rows in their order on disk."""
    con.execute("set timezone = 'UTC'")
    rows = "string_agg(to_json(t)::text, chr(10) order by rowid)"
    return {
        table: con.execute(f"select md5({rows}) from crm.{table} as t").fetchall()
        for table in COLUMNS
    }


@pytest.fixture(scope="module")
def full() -> Iterator[duckdb.DuckDBPyConnection]:
    """Make the demo at its own size, as `create` leaves it."""
    with duckdb.connect() as con:
        crm.create(con, now=NOW)
        yield con


@dataclass(frozen=True)
class Lived:
    con: duckdb.DuckDBPyConnection
    changes: crm.Changes


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    """Make the demo and let it live a day; schema `was` keeps it as it stood before."""
    with duckdb.connect() as con:
        crm.create(con, now=NOW)
        con.execute("create schema was")
        for table in COLUMNS:
            con.execute(f"create table was.{table} as from crm.{table}")
        yield Lived(con, crm.next_day(con))


@pytest.mark.parametrize("table", COLUMNS)
def test_tables_have_the_columns_that_the_staging_models_read(
    full: duckdb.DuckDBPyConnection, table: str
) -> None:
    with duckdb.connect() as expected:
        expected.execute(f"create table expected ({COLUMNS[table]})")
        names_and_types = expected.execute("describe expected").fetchall()
    assert full.execute(f"describe crm.{table}").fetchall() == names_and_types


def test_tables_have_the_promised_sizes(full: duckdb.DuckDBPyConnection) -> None:
    assert count(full, "crm.contacts") == 20_000
    assert count(full, "crm.orders") == 60_000
    assert count(full, "crm.products") == 2_000
    assert 145_000 < count(full, "crm.order_items") < 155_000
    assert count(full, "crm.contact_identifiers") > 10_000
    assert 40_000 < count(full, "crm.order_status_history") < 50_000


def test_nothing_is_left_behind_outside_of_the_crm(lived: Lived) -> None:
    assert count(lived.con, "duckdb_tables() where schema_name not in ('crm', 'was')") == 0
    assert count(lived.con, "duckdb_functions() where function_name = 'draw'") == 0
    assert count(lived.con, "duckdb_variables()") == 0


@pytest.mark.parametrize(("threads", "zone"), [(1, "America/New_York"), (4, "Asia/Tokyo")])
def test_same_seed_and_now_write_the_same_tables(threads: int, zone: str) -> None:
    with duckdb.connect() as plain, duckdb.connect() as other:
        other.execute(f"set global threads = {threads}")
        other.execute(f"set global timezone = '{zone}'")
        for con in (plain, other):
            crm.create(con, now=NOW, contacts=3_000)
        assert digests(plain) == digests(other)
        assert crm.next_day(plain) == crm.next_day(other)
        assert digests(plain) == digests(other)


def test_another_seed_writes_another_crm() -> None:
    with duckdb.connect() as seven, duckdb.connect() as eight:
        crm.create(seven, now=NOW, contacts=500, seed=7)
        crm.create(eight, now=NOW, contacts=500, seed=8)
        ours, theirs = digests(seven), digests(eight)
    assert all(ours[table] != theirs[table] for table in COLUMNS)


@pytest.mark.parametrize(
    ("table", "times"),
    [
        ("contacts", ("created_at", "updated_at")),
        ("orders", ("created_at", "updated_at", "finished_at")),
        ("order_status_history", ("changed_at",)),
    ],
)
def test_another_now_moves_the_times_and_nothing_else(table: str, times: tuple[str, ...]) -> None:
    hours = 797
    moved = ", ".join(f"{time} + to_hours({hours}) as {time}" for time in times)
    with duckdb.connect() as con:
        crm.create(con, now=NOW, contacts=500)
        con.execute(f"create table earlier as from crm.{table}")
        crm.create(con, now=NOW + timedelta(hours=hours), contacts=500)
        assert count(con, f"(from crm.{table} except select * replace ({moved}) from earlier)") == 0


@pytest.mark.parametrize(
    "flaw",
    [
        "crm.orders where status is null",
        "crm.orders where contact_id is null",
        "crm.orders where contact_id not in (select contact_id from crm.contacts)",
        f"crm.contacts where {CREATED_LONG_AGO}",
        f"crm.orders join crm.contacts using (contact_id) where {CREATED_LONG_AGO}",
        """
        crm.contacts anti join crm.contact_identifiers using (contact_id)
        where coalesce(phone, email, metrica_client_id) is null
        """,
        "crm.contacts where metrica_client_id like '%E+18'",
    ],
)
def test_of_each_flaw_there_is_a_handful(full: duckdb.DuckDBPyConnection, flaw: str) -> None:
    assert 10 <= count(full, flaw) <= 30


@pytest.mark.parametrize(
    ("column", "spelling"),
    [
        ("phone", r"8 \(9\d\d\) \d{3}-\d\d-\d\d"),
        ("phone", r"\+7 9\d\d \d{3} \d\d \d\d"),
        ("phone", r"7-9\d\d-\d{3}-\d\d-\d\d"),
        ("phone", r"9\d{9}"),
        ("phone", r"89\d{9}"),
        ("phone", r"\+49 \(0\)711 \d{7}"),
        ("phone", r"\+49 0711 \d{7}"),
        ("phone", r"\+44 020 7946 0\d{3}"),
        ("phone", r"00\d\d .*"),
        ("phone", r".+ доб\. 12"),
        ("phone", r".*\d[,;] [+789].*"),
        ("phone", r"[^0-9]+"),
        ("phone", r""),
        ("email", r"  [A-Z.@0-9]+ "),
        ("email", r"[A-Z][a-z]+\..+@.+"),
        ("email", r".+\x{A0}"),
        ("email", r".+@.*\p{Cyrillic}.*"),
        ("email", r"[a-z0-9.]+\.example"),
        ("email", r".+@.+[,;] .+@.+"),
        ("email", r""),
        ("full_name", r"\p{Cyrillic}+ \p{Cyrillic}+"),
        ("full_name", r"[A-Z][a-z]+ [A-Z]'[A-Za-z]+"),
        ("full_name", r".*\".*;.*\".*"),
        ("full_name", r"=.*"),
        ("full_name", r""),
        ("metrica_client_id", r"\d{19}"),
    ],
)
def test_contacts_are_written_the_way_people_write_them(
    full: duckdb.DuckDBPyConnection, column: str, spelling: str
) -> None:
    assert count(full, f"crm.contacts where regexp_full_match({column}, $${spelling}$$)") > 0


def test_many_contacts_are_born_before_metrica_s_first_date(
    full: duckdb.DuckDBPyConnection,
) -> None:
    born = "crm.contacts where birth_date between date '1945-01-01' and date '2007-12-31'"
    known = count(full, "crm.contacts where birth_date is not null")
    assert count(full, born) == known > 10_000
    assert 0.3 < count(full, f"{born} and birth_date < date '1970-01-01'") / known < 0.5


def test_every_mail_domain_is_reserved_for_examples(full: duckdb.DuckDBPyConnection) -> None:
    written = """(
        select unnest(regexp_extract_all(lower(value), '@[^,;\\s]+')) as domain
        from (
            select email as value from crm.contacts
            union all
            select value from crm.contact_identifiers where kind = 'email'
        )
    )"""
    example = r"ex[a\x{430}]mple"
    reserved = rf"@({example}\.(com|org|net)|(mail|pochta)\.{example})\x{{A0}}?"
    assert count(full, written) > 15_000
    assert count(full, f"{written} where not regexp_full_match(domain, '{reserved}')") == 0


@pytest.mark.parametrize("kind", ["email", "phone", "client_id"])
def test_some_contacts_have_further_identifiers(full: duckdb.DuckDBPyConnection, kind: str) -> None:
    assert count(full, f"crm.contact_identifiers where kind = '{kind}' and value <> ''") > 1_000


def test_orders_are_of_the_last_120_days_and_younger_than_their_contact(
    full: duckdb.DuckDBPyConnection,
) -> None:
    [(outside,)] = full.execute(
        "select count(*) from crm.orders as o left join crm.contacts as c using (contact_id)"
        " where o.created_at not between ? and ? or o.created_at < c.created_at",
        [NOW - timedelta(days=120), NOW],
    ).fetchall()
    assert outside == 0


@pytest.mark.parametrize(
    ("table", "time"),
    [
        ("contacts", "updated_at"),
        ("contact_identifiers", "updated_at"),
        ("orders", "updated_at"),
        ("orders", "finished_at"),
        ("order_items", "updated_at"),
        ("order_status_history", "changed_at"),
    ],
)
def test_crm_ends_at_now_and_a_day_later_24_hours_after(
    lived: Lived, table: str, time: str
) -> None:
    then, now = (
        lived.con.execute(f"select max(epoch({time})) from {schema}.{table}").fetchall()[0][0]
        for schema in ("was", "crm")
    )
    assert NOW.timestamp() - 24 * 3600 < then <= NOW.timestamp()
    assert NOW.timestamp() < now <= NOW.timestamp() + 24 * 3600


LAST_STATUS = """(
    select order_id, arg_max(status, changed_at) as last
    from crm.order_status_history group by order_id
)"""


def test_history_ends_in_the_order_s_status(lived: Lived) -> None:
    known = f"crm.orders join {LAST_STATUS} using (order_id)"
    assert count(lived.con, known) > 10_000
    assert count(lived.con, f"{known} where status is distinct from last") == 0
    statuses = {
        status for (status,) in lived.con.execute("select status from crm.orders").fetchall()
    }
    assert statuses == {None, *STATUSES}


def test_demo_crm_history_is_that_of_three_weeks(full: duckdb.DuckDBPyConnection) -> None:
    three_weeks_ago = NOW - timedelta(days=21)
    [(earliest,)] = full.execute(
        "select min(epoch(changed_at)) from crm.order_status_history"
    ).fetchall()
    assert 0 <= earliest - three_weeks_ago.timestamp() < 3600
    # An order of these weeks has all of it, an older one the end of it, or nothing.
    first = "(select order_id, arg_min(status, changed_at) as first, min(changed_at) as since"
    first += " from crm.order_status_history group by order_id)"
    young = f"crm.orders left join {first} using (order_id) where status is not null"
    young += f" and created_at >= timestamptz '{three_weeks_ago}'"
    assert count(full, young) > 10_000
    assert count(full, f"{young} and (first, since) is distinct from ('new', created_at)") == 0
    assert count(full, f"crm.orders anti join {LAST_STATUS} using (order_id)") > 40_000


def test_no_order_has_two_statuses_at_one_moment_or_one_twice_in_a_row(lived: Lived) -> None:
    steps = """(
        select
            changed_at = lag(changed_at) over own as at_once,
            status = lag(status) over own as again
        from crm.order_status_history
        window own as (partition by order_id order by changed_at)
    )"""
    assert count(lived.con, steps) > 40_000
    assert count(lived.con, f"{steps} where at_once or again") == 0


def test_demo_crm_day_goes_on_with_the_history_by_one_status_or_several(lived: Lived) -> None:
    assert (
        count(lived.con, "(from was.order_status_history except from crm.order_status_history)")
        == 0
    )
    added = "(from crm.order_status_history except from was.order_status_history)"
    moved = (
        f"(select order_id, count(*) as steps from {added} semi join was.orders using (order_id)"
    )
    moved += " group by order_id)"
    assert count(lived.con, f"{moved} where steps = 1") > 300
    assert count(lived.con, f"{moved} where steps = 2") > 30
    assert count(lived.con, f"{moved} where steps = 3") > 0


def test_some_cancelled_orders_were_reopened(full: duckdb.DuckDBPyConnection) -> None:
    steps = """(
        select status, lag(status) over (partition by order_id order by changed_at) as previous
        from crm.order_status_history
    )"""
    assert count(full, f"{steps} where previous = 'cancelled' and status = 'in_work'") > 100


def test_demo_crm_visit_comes_before_its_order_and_from_its_contact(lived: Lived) -> None:
    visits = crm.visits(lived.con, zone="Europe/Moscow")
    assert 1_500 < len(visits) < 4_000
    assert len({visit["visit_id"] for visit in visits}) == len(visits)
    made = {
        str(order_id): (created_at, client_id)
        for order_id, created_at, client_id in lived.con.execute(
            "select order_id, timezone('Europe/Moscow', o.created_at), metrica_client_id"
            " from crm.orders as o join crm.contacts using (contact_id)"
        ).fetchall()
    }
    for visit in visits:
        created_at, client_id = made[visit["visit_id"].removeprefix("visit-")]
        before = created_at - datetime.fromisoformat(visit["started_at"])
        assert timedelta() < before < timedelta(hours=1)
        assert visit["client_id"] == client_id


def test_revenue_is_the_sum_of_the_lines(lived: Lived) -> None:
    """Prices are read off the orders of one line and must then explain all the others."""
    with lived.con.cursor() as con:
        con.execute("""
            create temp table line as
            select order_id, product_id, quantity, revenue,
                count(*) over (partition by order_id) as lines
            from crm.orders join crm.order_items using (order_id) where upper(currency) = 'RUB';

            create temp table price as
            select product_id, list(distinct revenue / quantity) as prices
            from line where lines = 1 group by product_id;

            create temp table explained as
            select any_value(revenue) as revenue, sum(quantity * prices[1]) as total
            from line left join price using (product_id) where lines > 1
            group by order_id having count(prices) = any_value(lines);
        """)
        assert count(con, "price where len(prices) <> 1") == 0
        assert count(con, "explained") > 30_000
        assert count(con, "explained where abs(total - revenue) > 0.005") == 0


def test_orders_are_in_roubles_mostly_and_amounts_in_the_order_s_currency(
    full: duckdb.DuckDBPyConnection,
) -> None:
    typical = dict(
        full.execute(
            "select currency, median(revenue) from crm.orders group by currency"
        ).fetchall()
    )
    assert set(typical) == {"RUB", "rub", "USD", "EUR", "KZT", None}
    assert typical["USD"] * 50 < typical["RUB"] < typical["KZT"]
    assert count(full, "crm.orders where upper(currency) = 'RUB'") > 50_000


def test_demo_crm_cost_is_below_the_revenue_and_sometimes_unknown(
    full: duckdb.DuckDBPyConnection,
) -> None:
    assert count(full, "crm.orders where cost is null and revenue is not null") > 5_000
    assert count(full, "crm.orders where cost < revenue and cost > 0") > 40_000
    assert count(full, "crm.orders where cost >= revenue") == 0


def test_demo_crm_order_has_no_product_twice_and_none_that_is_unknown(lived: Lived) -> None:
    lines = count(lived.con, "crm.order_items")
    assert lines == count(lived.con, "(select distinct order_id, product_id from crm.order_items)")
    assert lines == count(lived.con, "crm.order_items semi join crm.products using (product_id)")


@pytest.mark.parametrize("table", ["contacts", "orders"])
def test_times_are_equal_in_bulk_and_sometimes_missing(
    full: duckdb.DuckDBPyConnection, table: str
) -> None:
    bulk = f"(select updated_at from crm.{table} group by updated_at having count(*) > 2000)"
    assert count(full, bulk) == 1
    assert 10 < count(full, f"crm.{table} where updated_at is null") < 200


def test_demo_crm_day_counts_the_orders_that_differ(lived: Lived) -> None:
    assert lived.changes.orders.changed == differing(lived.con, ORDER_CONTENT) > 500


def test_demo_crm_day_counts_the_contacts_that_differ_in_what_metrica_notices(lived: Lived) -> None:
    changed = differing(lived.con, CONTACT_CONTENT, **NOTICED)
    assert lived.changes.contacts.changed == changed > 20
    respelt = differing(lived.con, CONTACT_CONTENT, **NOTICED | {"phone": "phone"}) - changed
    assert respelt > 5
    reborn = differing(lived.con, CONTACT_CONTENT, **NOTICED | {"birth": "birth_date"}) - changed
    assert reborn > 0


def test_demo_crm_day_counts_the_products_that_differ(lived: Lived) -> None:
    renamed = differing(lived.con, "select product_id, name from {schema}.products")
    assert lived.changes.products.changed == lived.changes.products.to_send == renamed > 0


def test_demo_crm_day_sends_what_differs_among_the_rows_that_metrica_takes(lived: Lived) -> None:
    taken = f"status is not null and not {CREATED_LONG_AGO}"
    orders = f"""
        select o.* from ({ORDER_CONTENT}) as o
        join {{schema}}.contacts using (contact_id) where {taken}
    """
    contacts = f"from ({CONTACT_CONTENT}) as contacts where not {CREATED_LONG_AGO}"
    assert lived.changes.contacts.to_send == differing(lived.con, contacts, **NOTICED)
    assert lived.changes.orders.to_send == differing(lived.con, orders)
    assert lived.changes.orders.to_send != lived.changes.orders.changed


def test_demo_crm_day_touches_rows_without_a_change(lived: Lived) -> None:
    times = "select product_id, updated_at from {schema}.products"
    named = "select product_id, name from {schema}.products"
    touched = differing(lived.con, times) - differing(lived.con, named)
    assert lived.changes.products.touched == touched > 10
    assert lived.changes.orders.touched > 300
    assert lived.changes.contacts.touched > 100


@pytest.mark.parametrize(("table", "key"), [("contacts", "contact_id"), ("orders", "order_id")])
def test_demo_crm_day_brings_new_rows_and_takes_none_away(
    lived: Lived, table: str, key: str
) -> None:
    assert count(lived.con, f"was.{table} anti join crm.{table} using ({key})") == 0
    assert count(lived.con, f"crm.{table} anti join was.{table} using ({key})") > 10


@pytest.mark.parametrize(
    "flaw",
    [
        "orders where status is null",
        "orders where contact_id is null or contact_id like '%-merged'",
        f"contacts where {CREATED_LONG_AGO}",
    ],
)
def test_demo_crm_day_repairs_some_of_the_rows_that_metrica_cannot_take(
    lived: Lived, flaw: str
) -> None:
    assert 0 < count(lived.con, f"crm.{flaw}") < count(lived.con, f"was.{flaw}")


def test_demo_crm_order_changes_by_its_line_alone_and_some_lines_come_late(lived: Lived) -> None:
    grown = """
        crm.order_items as i
        join was.order_items as j using (order_id, product_id)
        join crm.orders as o using (order_id)
        join was.orders as p using (order_id)
        where i.quantity <> j.quantity and o.updated_at = p.updated_at
    """
    late = "i.updated_at < (select max(updated_at) from was.orders)"
    assert count(lived.con, grown) > count(lived.con, f"{grown} and {late}") > 0


def test_one_day_follows_another_with_chances_of_its_own() -> None:
    with duckdb.connect() as con:
        crm.create(con, now=NOW, contacts=2_000)
        touched = []
        for _ in range(2):
            con.execute("create or replace table was as from crm.products")
            crm.next_day(con)
            products = con.execute("from crm.products except from was").fetchall()
            touched.append({code for code, _, _ in products})
        assert touched[0] != touched[1]
        assert count(con, "crm.orders") == 6_000 + 50 + 50


def test_demo_crm_now_without_a_time_zone_is_refused() -> None:
    with duckdb.connect() as con, pytest.raises(ValueError, match="no time zone"):
        crm.create(con, now=NOW.replace(tzinfo=None))


def test_crm_too_small_to_be_believable_is_refused() -> None:
    with duckdb.connect() as con, pytest.raises(ValueError, match="Pass 200 or more"):
        crm.create(con, now=NOW, contacts=199)
