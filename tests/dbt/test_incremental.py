"""An incremental run leaves row for row what a full refresh would, and writes no more."""

from exporter.manifest import Attribute
from tests.dbt import crm
from tests.dbt.added_column import Column
from tests.dbt.conftest import Warehouses
from tests.dbt.crm_life import CrmLife
from tests.dbt.warehouse import EVERYTHING, MARTS, Warehouse

DAYS = 2


def test_incremental_runs_equal_a_full_refresh_whatever_happened(warehouse: Warehouse) -> None:
    life = CrmLife(seed=20)
    warehouse.run(crm.HISTORY[0], *life.first_day())
    warehouse.build(**EVERYTHING)
    for _ in range(DAYS):
        before = warehouse.marts(*MARTS, "simple_orders")
        warehouse.run(*life.next_day())
        assert warehouse.dbt("run", **EVERYTHING).success
        incremental = warehouse.marts(*before)
        assert [mart for mart in before if incremental[mart] == before[mart]] == ["order_statuses"]
        assert warehouse.dbt("run", "--full-refresh", **EVERYTHING).success
        assert incremental == warehouse.marts(*before)
    [(paths,)] = warehouse.rows("select count(distinct status_path) from metrica.orders")
    assert paths > 5


def test_personal_data_leaves_with_the_row_that_held_it(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build()
    warehouse.run(
        "delete from crm.contacts where contact_id = 'C-1'",
        "delete from crm.contact_identifiers where contact_id = 'C-1'",
    )
    assert warehouse.dbt("run").success
    assert warehouse.rows("select uniq_id from metrica.contacts where uniq_id = 'C-1'") == []
    for kind in ("phone", "email", "client_id"):
        cells = warehouse.rows(f"select cell from metrica_work.int_{kind}_spellings")
        assert not {"8 (999) 555-11-11", " Anna@Example.COM ", "1678901234567890123"} & {
            cell for (cell,) in cells
        }


def test_a_new_column_asks_for_a_full_refresh(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.build()
    attribute = Attribute("segment", "text", "segment", multivalued=False)
    Column(attribute, "text", "'VIP'", "VIP").add(warehouse, "contacts")
    outcome = warehouse.dbt("run", "--select", "contacts")
    assert not outcome.success
    assert "full_refresh" in outcome.complaints
    assert warehouse.dbt("run", "--full-refresh", "--select", "contacts").success
