"""The whole job on the demo's CRM: dbt's own marts, the command line, two days."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from metrica_export.demo import crm
from metrica_export.demo.show import run_demo
from metrica_export.settings import Staging
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_profile import Postgres

from tests.dbt.warehouse import Warehouse as BuiltByDbt
from tests.support.browser import check_page, chromium
from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.recorder import recording

HISTORY = {"crm_has_order_status_history": True}
PROJECT = Path(__file__).parents[2] / "dbt_project"
NOW = datetime.now(UTC) - timedelta(days=1)


class Warehouse:
    """A CRM in DuckDB, and its copy in PostgreSQL when the job runs there."""

    def __init__(self, folder: Path, database: Database | None) -> None:
        self.folder, self.database = folder, database
        self.crm = folder / "warehouse.duckdb"
        output: dict[str, Any] = {"type": "duckdb", "path": str(self.crm), "schema": "main"}
        if database is not None:
            output = {"type": "postgres", "schema": "public", "threads": 2} | {
                "host": database.host,
                "port": database.port,
                "user": database.user,
                "password": database.password,
                "dbname": database.name,
            }
        profile = {"target": output["type"], "outputs": {output["type"]: output}}
        (folder / "profiles.yml").write_text(json.dumps({"metrica_crm": profile}))

    def copy_to_postgres(self) -> None:
        if self.database is None or not self.crm.exists():
            return
        d = self.database
        server = Postgres("t", d.host, d.port, d.user, d.name, d.password)
        with self.database.connect() as session, session.cursor() as cursor:
            cursor.execute("create schema if not exists crm")
        (self.folder / "copy").mkdir(exist_ok=True)
        staging = Staging(self.folder / "copy")
        wh = Attached(server, staging, ledger_schema="metrica_export", read_only=False)
        wh.run(f"attach '{self.crm}' as source (read_only)")
        tables = wh.rows(
            "select table_name from duckdb_tables() where database_name = 'source' "
            "and schema_name = 'crm'"
        )
        for (table,) in tables:
            wh.run(f"drop table if exists wh.crm.{table} cascade")
            wh.run(f"create table wh.crm.{table} as select * from source.crm.{table}")
        wh.close()
        for left in (self.folder / "copy").iterdir():
            left.unlink()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if self.database is None:
            with duckdb.connect(str(self.crm), read_only=True) as con:
                return con.execute(query).fetchall()
        with psycopg2.connect(self.database.dsn) as session, session.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def call(self, *command: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ
            | {
                "DBT_PROFILES_DIR": str(self.folder),
                "DBT_PROJECT_DIR": str(PROJECT),
                "DBT_TARGET_PATH": str(self.folder / "target"),
                "DBT_LOG_PATH": str(self.folder / "logs"),
                **environment,
            },
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done.stdout

    def build(self, *flags: str, **variables: object) -> None:
        """Build the marts in this process; the demo and the tutorial start dbt's command."""
        self.copy_to_postgres()
        target = "duckdb" if self.database is None else "postgres"
        env = {"METRICA_DUCKDB_PATH": str(self.crm)}
        env |= self.database.env if self.database else {}
        BuiltByDbt(target, env, PROJECT, self.folder, self.folder).build(*flags, **variables)

    def export(
        self, emulator: RunningEmulator, port: int | None = None
    ) -> dict[str, dict[str, int]]:
        shown = self.call(
            "metrica_export",
            "run",
            "--json",
            METRICA_API_URL=f"http://127.0.0.1:{port}" if port else emulator.url,
            METRICA_COUNTER_ID=str(emulator.counter),
            METRICA_TOKEN=emulator.token,
        )
        entities: dict[str, dict[str, int]] = json.loads(shown)["entities"]
        for counts in entities.values():
            parts = ("sent", "unchanged", "rejected", "held")
            assert sum(counts[part] for part in parts) == counts["rows"]
        return entities


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    database = request.getfixturevalue("pg_database") if request.param == "postgres" else None
    return Warehouse(tmp_path, database)


def test_job_day_later_exactly_what_changed_has_gone(warehouse: Warehouse) -> None:
    with RunningEmulator() as emulator:
        with duckdb.connect(str(warehouse.crm)) as con:
            crm.create(con, now=NOW, contacts=400)
        warehouse.build(**HISTORY)
        first = warehouse.export(emulator)
        assert first["contacts"]["sent"] > 350
        with duckdb.connect(str(warehouse.crm)) as con:
            changes = crm.next_day(con)
        warehouse.build(**HISTORY)
        second = warehouse.export(emulator)
        assert second["contacts"]["sent"] == changes.contacts.to_send
        assert second["orders"]["sent"] == changes.orders.to_send
        assert second["products"]["sent"] == changes.products.to_send
        assert first["orders"]["uploads"] > second["orders"]["uploads"] > 1
        assert warehouse.export(emulator)["orders"]["sent"] == 0
        assert_metrica_has_what_the_marts_say(warehouse, emulator)
        assert_metrica_was_told_every_status_in_turn(warehouse, emulator)


def test_with_md5_no_plain_identifier_is_in_any_byte_that_is_sent(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path, None)
    with duckdb.connect(str(warehouse.crm)) as con:
        crm.create(con, now=NOW, contacts=300)
    plain: set[str] = set()
    seen = {}
    for form in ("plain", "md5"):
        warehouse.build("--full-refresh", identifiers={"emails": form, "phones": form})
        lists = warehouse.rows("select emails, phones from metrica.contacts")
        plain |= {value for row in lists for cell in row if cell for value in cell.split(",")}
        with (
            RunningEmulator() as emulator,
            recording(int(emulator.url.rpartition(":")[2])) as recorder,
        ):
            assert warehouse.export(emulator, recorder.port)["contacts"]["sent"] > 250
            seen[form] = bytes(recorder.sent)
            ((counter_rows,),) = emulator.sql("select count(*) from contacts")
            assert counter_rows > 250
        with duckdb.connect(str(warehouse.crm)) as con:
            con.execute("drop schema metrica_export cascade")
    # Those of rejected contacts stay as well.
    assert sum(value.encode() in seen["plain"] for value in plain) > 300
    assert not any(value.encode() in seen["md5"] for value in plain)


def test_job_demo_shows_an_order_s_way_and_a_mistake_that_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dbt_project").symlink_to(PROJECT)
    monkeypatch.chdir(tmp_path)
    run_demo(contacts=1_000)
    shown = capfd.readouterr().out
    with closing(sqlite3.connect(tmp_path / "demo" / "metrica.sqlite")) as state:
        statuses = state.execute("select id, type from order_statuses").fetchall()
        attributes = state.execute("select name from attributes").fetchall()
        assert statuses
        assert attributes
        for id_, type_ in statuses:
            assert re.search(rf"│ {id_} +│ {type_} +│ +\d+ │ .*CRM: ", shown)
        for (attribute,) in attributes:
            assert re.search(rf"│ {attribute} +│ numeric │", shown)
        way = shown.partition("The statuses of one order")[2].partition(
            "Metrica ties it to visit-"
        )[0]
        [(order, products)] = re.findall(r"Order (\d+) of contact .*; its products: (.+)", way)
        held = state.execute("select products from orders where id = ?", [order]).fetchall()
        told = state.execute(
            "select json_extract(state, '$.order_status'), uploading_id from applied "
            "where entity = 'orders' and id = ? order by seq",
            [order],
        ).fetchall()
        tied = dict(state.execute(TIED_BY_MONTH).fetchall())
    assert dict(line.rsplit(":") for line in products.split(",")) == {
        name: str(quantity) for name, quantity in json.loads(held[0][0]).items()
    }
    steps = re.findall(r"│ (\w+) +│ \d+ \w+ [\d:]+ +│ +\d+ │ \d+ \w+ [\d:]+ │ (\S+) │", way)
    assert steps == told
    assert len({status for status, _ in steps}) == 3
    assert re.search(r"(\d+) orders turn PAID and \1 are open; the limit is 20 %", shown)
    assert not (tmp_path / "demo" / "mistake").exists()
    rates = shown.rpartition("metrica-export measure: ")[2]
    months = re.findall(r"│ (\d{4}-\d\d) +│ +\d+ │ +\d+ │ +\d+ │ +(\d+) │ (?:\d+|-) +│", rates)
    assert {month: int(n) for month, n in months if int(n)} == tied
    assert sum(tied.values()) > 20
    assert "for a browser: demo/report.html" in shown
    with chromium() as browser:
        check_page(browser, tmp_path / "demo" / "report.html", charts=7)


# The ties by the day of the visit, from the emulator's tables and without its code. An order is
# tied to its contact's nearest visit, if it was first uploaded within 21 days of its creation.
TIED_BY_MONTH = """
with visitors as (
    select c.uniq_id, v.visit_id, v.started_at
    from contacts as c, json_each(c.client_ids) as i
    join (
        select visit_id, started_at, k.value as visitor from visits, json_each(keys) as k
    ) as v on v.visitor = 'client_id:' || i.value
),
arrivals as (
    select a.id, min(u.uploaded_at_utc) as arrived_at
    from applied as a join uploads as u on a.uploading_id = u.uploading_id
    where a.entity = 'orders' group by a.id
),
nearest as (
    select
        v.started_at,
        row_number() over (
            partition by o.id
            order by abs(julianday(v.started_at) - julianday(o.create_date_time)), v.visit_id
        ) as place
    from orders as o
    join arrivals as a on o.id = a.id
    join visitors as v on o.client_uniq_id = v.uniq_id
    -- The demo's zone is three hours ahead.
    where julianday(a.arrived_at, '+3 hours') <= julianday(o.create_date_time, '+21 days')
)
select substr(started_at, 1, 7), count(*) from nearest where place = 1 group by 1
"""


CHINOOK = """
create table "Customer" ("CustomerId" int, "FirstName" varchar(40), "LastName" varchar(20),
    "Phone" varchar(24), "Email" varchar(60));
create table "Invoice" ("InvoiceId" int, "CustomerId" int, "InvoiceDate" timestamp,
    "Total" numeric(10, 2));
create table "InvoiceLine" ("InvoiceId" int, "TrackId" int, "Quantity" int);
create table "Track" ("TrackId" int, "Name" varchar(200));
insert into "Customer" values
    (2, 'Leonie', 'Köhler', '+49 0711 2842222', 'leonekohler@example.com'),
    (9, 'Kara', 'Nielsen', '+453 3331 9991', 'kara.nielsen@example.com');
insert into "Invoice" values (1, 2, '2025-01-01', 1.98), (2, 9, '2025-01-02', 3.96);
insert into "InvoiceLine" values (1, 2, 1), (1, 4, 1), (2, 4, 4);
insert into "Track" values (2, 'Balls to the Wall'), (4, 'Restless and Wild');
"""


def test_job_tutorial_works_to_the_letter(tmp_path: Path, pg_database: Database) -> None:
    page = (PROJECT.parent / "docs/tutorial/first-export.md").read_text("utf-8")
    views = page[page.index("create schema crm;") :].partition("```")[0]
    with pg_database.connect() as session, session.cursor() as cursor:
        cursor.execute(CHINOOK + views)
    warehouse = Warehouse(tmp_path, pg_database)
    command = ("dbt.cli.main", "--quiet", "build", "--exclude-resource-type", "unit_test")
    warehouse.call(*command, "--vars", "{crm_has_contact_identifiers: false}")
    with RunningEmulator() as emulator:
        sent = {name: counts["sent"] for name, counts in warehouse.export(emulator).items()}
        assert sent == {"order_statuses": 8, "products": 2, "contacts": 2, "orders": 2}
        assert emulator.sql("select uniq_id, phones from contacts order by 1") == [
            ("2", '["497112842222"]'),
            ("9", None),
        ]
        assert emulator.sql("select id, revenue, products, order_status from orders") == [
            ("1", 1.98, '{"2": 1, "4": 1}', "paid"),
            ("2", 3.96, '{"4": 4}', "paid"),
        ]


def assert_metrica_has_what_the_marts_say(warehouse: Warehouse, metrica: RunningEmulator) -> None:
    contacts = warehouse.rows(
        "select m.uniq_id, m.name, m.emails, m.phones, m.client_ids from metrica.contacts m "
        "join metrica_export.mart_rows r on r.id = m.uniq_id and r.entity = 'contacts' "
        "where r.state = 'sent'"
    )
    there = metrica.sql("select uniq_id, name, emails, phones, client_ids from contacts")
    assert sorted(map(flat, there)) == sorted(map(flat, contacts))
    orders = warehouse.rows(
        "select m.id, m.client_uniq_id, m.order_status, m.currency, "
        "cast(m.create_date_time as text), cast(m.revenue as double precision) "
        "from metrica.orders m "
        "join metrica_export.mart_rows r on r.id = m.id and r.entity = 'orders' "
        "where r.state = 'sent'"
    )
    there = metrica.sql(
        "select id, client_uniq_id, order_status, currency, create_date_time, revenue from orders"
    )
    assert sorted(map(flat, there)) == sorted(map(flat, orders))


def assert_metrica_was_told_every_status_in_turn(
    warehouse: Warehouse, metrica: RunningEmulator
) -> None:
    """Compare what was told of each order with the CRM's history, or with its one status."""
    expected = dict(
        warehouse.rows(
            "select r.id, coalesce(string_agg(h.status, ',' order by h.changed_at), o.status) "
            "from metrica_export.mart_rows r "
            "join crm.orders o on cast(o.order_id as text) = r.id "
            "left join crm.order_status_history h on h.order_id = o.order_id "
            "where r.entity = 'orders' and r.state = 'sent' group by r.id, o.status"
        )
    )
    told: dict[str, list[str]] = {}
    for order, state in metrica.sql(
        "select id, state from applied where entity = 'orders' order by seq"
    ):
        steps, status = told.setdefault(order, []), json.loads(state)["order_status"]
        # An order that changes otherwise is told its status once more.
        if steps[-1:] != [status]:
            steps.append(status)
    assert {order: ",".join(steps) for order, steps in told.items()} == expected
    assert sum("," in way for way in expected.values()) > 200


def flat(row: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the cells as text: the emulator has lists as JSON, the marts with commas."""
    return tuple(
        ",".join(json.loads(cell)) if str(cell).startswith("[") else str(cell or "") for cell in row
    )
