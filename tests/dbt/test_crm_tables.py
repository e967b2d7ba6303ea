"""Models of a team in place of CRM tables: an edge in the DAG, and no second build."""

import json

from tests.dbt.conftest import Warehouses
from tests.dbt.test_package_conventions import parent_project

CONTACTS = """
select '1' as contact_id, 'Анна' as full_name, 'anna@example.com' as email, '' as phone,
    '' as metrica_client_id, cast(null as date) as birth_date, current_timestamp as created_at,
    current_timestamp as updated_at
"""
ORDERS = """
select 7 as order_id, '1' as contact_id, 'paid' as status, 10.5 as revenue,
    cast(null as numeric) as cost, 'RUB' as currency, 'sale:5,visit' as goals,
    current_timestamp as created_at, cast(null as timestamp) as finished_at,
    current_timestamp as updated_at
"""
VARS = {
    "crm_tables": {"contacts": "team_contacts", "orders": "team_orders"},
    "crm_has_contact_identifiers": False,
    "crm_has_order_items": False,
    "crm_has_products": False,
}


def test_crm_tables_as_models_are_built_first_in_an_empty_database(warehouses: Warehouses) -> None:
    for engine in ("duckdb", "postgres"):
        warehouse = warehouses.make(engine)
        warehouse.run("drop schema crm cascade")
        team = parent_project(warehouse, "")
        for name, query in (("team_contacts", CONTACTS), ("team_orders", ORDERS)):
            (team.project / "models" / f"{name}.sql").write_text(query, encoding="utf-8")
        parsed = team.dbt("parse", **VARS)
        assert (parsed.success, parsed.complaints) == (True, "")
        # The second build replaces the views that the first one's views read.
        for _ in range(2):
            outcome = team.dbt("build", **VARS)
            assert outcome.success, outcome.complaints
        assert team.rows("select id, client_uniq_id, order_status, goals from metrica.orders") == [
            ("7", "1", "paid", "sale:5,visit")
        ]
        nodes = json.loads((team.output / "target/manifest.json").read_text("utf-8"))["nodes"]
        [read] = nodes["model.metrica_crm.stg_crm__orders"]["depends_on"]["nodes"]
        assert read == "model.team.team_orders"
