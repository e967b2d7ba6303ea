"""The scan of the orders mart: recent orders in groups, which most parts of the report share."""

from metrica_export.metrica.formats import MAX_AMOUNT, ORDER_STATUSES, STATUS_TYPES
from metrica_export.report.subject import Subject, day
from metrica_export.warehouse.dbt_manifest import STATUS_PATH, Mart
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.sql import name, quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of


def read_status_types(subject: Subject) -> None:
    """Fill `status_types`."""
    statuses = subject.mart(ORDER_STATUSES)
    subject.wh.run(
        render(
            __package__,
            "status_types",
            statuses=rows_of(statuses) if statuses else "",
            own_types=f"[{', '.join(map(quote, STATUS_TYPES))}]",
            **tables_of(subject.orders.name),
        )
    )


def group_orders(subject: Subject) -> None:
    """Fill `order_groups`; `status_types` must be filled."""
    wh, orders = subject.wh, subject.orders
    scan = render(
        __package__,
        "order_scan",
        orders=rows_of(orders),
        first_month=day(subject.first_month),
        tomorrow=day(subject.tomorrow),
        status_path=f"coalesce({status_path(orders, 'o')}, cast(o.order_status as text))",
        revenue=amount(orders, "o"),
        currency=text(orders, "currency", "o"),
        is_postgres=wh.is_postgres,
    )
    tables = tables_of(orders.name)
    wh.run(render(__package__, "order_groups", scanned=wh.remote(scan), **tables))


def text(mart: Mart, column: str, alias: str) -> str:
    """Return SQL for a column as text; NULL if the mart does not have it."""
    return f"cast({alias}.{name(column)} as text)" if mart.has(column) else _NO_TEXT


def status_path(mart: Mart, alias: str) -> str:
    """Return SQL for the status path of an order; NULL if the mart does not have it."""
    return f"cast({alias}.{STATUS_PATH} as text)" if mart.has_path else _NO_TEXT


_NO_TEXT = "cast(null as text)"


def amount(mart: Mart, alias: str) -> str:
    """Return SQL for the revenue of an order; NULL for an amount that Metrica refuses, as NaN."""
    if not mart.has("revenue"):
        return "cast(null as decimal(18, 2))"
    revenue = f"{alias}.revenue"
    return f"case when {revenue} between -{MAX_AMOUNT} and {MAX_AMOUNT} then {revenue} end"
