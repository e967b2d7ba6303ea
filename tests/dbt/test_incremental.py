"""An incremental run leaves row for row what a full refresh would, and writes no more."""

from tests.dbt import crm
from tests.dbt.conftest import Warehouses
from tests.dbt.crm_life import CrmLife
from tests.dbt.warehouse import Warehouse

DAYS = 2


def test_incremental_runs_equal_a_full_refresh_whatever_happened(warehouse: Warehouse) -> None:
    life = CrmLife(seed=20)
    warehouse.run(*life.first_day())
    warehouse.build()
    for _ in range(DAYS):
        before = warehouse.marts()
        warehouse.run(*life.next_day())
        assert warehouse.dbt("run").success
        incremental = warehouse.marts()
        assert all(incremental[mart] != before[mart] for mart in ("contacts", "orders", "products"))
        assert warehouse.dbt("run", "--full-refresh").success
        assert incremental == warehouse.marts()


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
    models = warehouse.project / "models/marts/metrica"
    sql, yml = models / "products.sql", models / "_metrica__models.yml"
    sql.write_text(
        sql.read_text(encoding="utf-8").replace(
            "        humanized,",
            "        humanized,\n        cast(length(name) as integer) as name_length,",
        ),
        encoding="utf-8",
    )
    declared = "      - name: name_length\n        data_type: integer\n      - name: humanized\n"
    head, mart = yml.read_text(encoding="utf-8").split("  - name: products\n    description")
    mart = mart.replace("      - name: humanized\n", declared, 1)
    yml.write_text(f"{head}  - name: products\n    description{mart}", encoding="utf-8")
    outcome = warehouse.dbt("run", "--select", "products")
    assert not outcome.success
    assert "full_refresh" in outcome.complaints
    assert warehouse.dbt("run", "--full-refresh", "--select", "products").success
