"""The dbt test match_rate_dropped warns of a falling match rate, and of nothing else."""

import pytest

from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import Outcome, Warehouse
from tests.support.database import Database
from tests.support.postgres_fixture import RunningPostgres

NODE = "test.metrica_crm.match_rate_dropped"
TABLE = """
    create table metrica_export.tied_orders (
        counter_id bigint, cohort date, status_type text, identifiers text, delivered bigint,
        in_window bigint, tied bigint, expected double precision, revenue decimal(20, 2),
        delivered_revenue decimal(20, 2), measured_at timestamptz
    )
"""


@pytest.fixture(params=("duckdb", "postgres"))
def warehouse(request: pytest.FixtureRequest, warehouses: Warehouses) -> Warehouse:
    return warehouses.make(request.param)


def measured(
    day: int, tied: int | None, delivered: int = 100, month: int = 10, status_type: str = "all"
) -> str:
    return (
        "insert into metrica_export.tied_orders (counter_id, cohort, status_type, identifiers, "
        f"delivered, in_window, tied, measured_at) values (1, '2026-{month}-01', '{status_type}', "
        f"'all', {delivered}, {delivered}, {'null' if tied is None else tied}, "
        f"'2026-12-{day:02} 00:00:00+00')"
    )


def run_test(warehouse: Warehouse, **variables: object) -> Outcome:
    return warehouse.dbt("test", "--select", "match_rate_dropped", **variables)


def test_match_rate_dropped_passes_without_a_ledger(warehouse: Warehouse) -> None:
    outcome = run_test(warehouse)
    assert outcome.success, outcome.complaints
    assert outcome.statuses[NODE] == "pass"


def test_match_rate_dropped_compares_the_last_two_measurements(warehouse: Warehouse) -> None:
    warehouse.run("create schema metrica_export", TABLE)
    assert run_test(warehouse).statuses[NODE] == "pass"
    warehouse.run(measured(1, 50), measured(2, 41), measured(2, 1, status_type="paid"))
    assert run_test(warehouse).statuses[NODE] == "pass"
    assert run_test(warehouse, match_rate_drop_percent=10).statuses[NODE] == "warn"
    warehouse.run(measured(3, 30), measured(3, 30, month=11), measured(4, None))
    outcome = run_test(warehouse)
    assert (outcome.success, outcome.statuses[NODE]) == (True, "warn")
    assert "Got 1 result" in outcome.complaints
    # Nothing delivered is no rate, and a later rise ends the warning.
    warehouse.run(measured(5, 0, delivered=0), measured(6, 30))
    assert run_test(warehouse).statuses[NODE] == "pass"


def test_match_rate_dropped_passes_for_a_role_that_may_not_read_the_ledger(
    warehouses: Warehouses, postgres: RunningPostgres
) -> None:
    warehouse = warehouses.make("postgres")
    warehouse.run("create schema metrica_export", TABLE, measured(1, 50), measured(2, 1))
    admin = Database(
        postgres.host, postgres.port, postgres.user, postgres.password, warehouse.env["PGDATABASE"]
    )
    postgres.administer(
        admin,
        "create role rate_reader login password 'made-up'",
        f'grant create on database "{admin.name}" to rate_reader',
    )
    reader = dict(warehouse.env) | {"PGUSER": "rate_reader", "PGPASSWORD": "made-up"}
    limited = Warehouse(
        warehouse.target, reader, warehouse.project, warehouse.profiles, warehouse.output
    )
    try:
        assert run_test(limited).statuses[NODE] == "pass"
        postgres.administer(admin, "grant usage on schema metrica_export to rate_reader")
        assert run_test(limited).statuses[NODE] == "pass"
        postgres.administer(admin, "grant select on metrica_export.tied_orders to rate_reader")
        assert run_test(limited).statuses[NODE] == "warn"
    finally:
        postgres.administer(admin, "drop owned by rate_reader cascade", "drop role rate_reader")
