"""CRM tables that a history changes by SQL, and the dbt runs that build the marts from them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.dbt.warehouse import Warehouse
from tests.support.marts_fixture import MartsWarehouse

_TABLE_MODELS = ("config.materialized:table+",)
"""The models that dbt must build again. PostgreSQL drops the views over a table with it."""

_STATUSES = ("new", "in_work", "paid", "delivered", "cancelled")
_SPELLINGS = ("+7 (999) {0}-{1}-{2}", "8 999 {0} {1} {2}", "7999{0}{1}{2}")
_ORDER_TABLES = ("orders", "order_items", "order_status_history")
_OLD_TIMESTAMP = "timestamptz '2026-10-01 00:00:00+00'"
_SKIP_DBT_PROBABILITY = 0.2
DBT_VARIABLES = {"crm_has_order_status_history": True, "count_attributes": True}
"""The variables that switch on the status history and every exported column in dbt."""


@dataclass(slots=True)
class Crm:
    """CRM tables in the schema `crm`. `warehouse` runs dbt over them.

    `status_paths` holds the statuses of each order whose recorded history is complete and was
    only appended to.
    """

    warehouse: Warehouse
    marts: MartsWarehouse
    rng: Random
    secrets: set[str] = field(default_factory=set)
    status_paths: dict[str, list[str]] = field(default_factory=dict)
    _seconds_passed: int = 0
    _last_number: int = 0
    _last_history_second: int = 0

    def build_marts(self) -> str:
        """Run dbt to build the marts."""
        outcome = self.warehouse.dbt("run", "--select", *_TABLE_MODELS, **DBT_VARIABLES)
        if not outcome.success:
            raise RuntimeError(f"dbt run failed: {outcome.complaints}")
        return "dbt run"

    def full_refresh(self) -> str:
        """Build all models with `--full-refresh`."""
        outcome = self.warehouse.dbt("run", "--full-refresh", **DBT_VARIABLES)
        if not outcome.success:
            raise RuntimeError(f"dbt run --full-refresh failed: {outcome.complaints}")
        return "dbt run --full-refresh"

    def add_rows(self) -> str:
        """Add products, contacts, and orders with lines."""
        statements = []
        for _ in range(self.rng.randint(1, 4)):
            number = self._next_number()
            values = f"'p{number}', 'Товар {number}', {self._random_updated_at()}"
            statements.append(f"insert into crm.products values ({values})")
            name, email, phone = self._new_person()
            statements.append(
                f"insert into crm.contacts values ('c{number}', '{name}', '{email}', '{phone}', "
                f"'16000000{number}', null, '2026-10-20 10:00:00+00', {self._random_updated_at()})"
            )
        for _ in range(self.rng.randint(1, 6)):
            number = self._next_number()
            statements += [*self._add_order(number), self._add_order_line(number)]
        return self._apply(statements, "new products, contacts and orders")

    def change_orders(self) -> str:
        """Append statuses to orders, change their revenue and sometimes add lines."""
        statements = []
        for _ in range(self.rng.randint(1, 4)):
            order = self._random_value("orders", "order_id")
            path = self._random_path()
            if order in self.status_paths:
                statements += self._append_history(order, *path)
            statements.append(
                f"update crm.orders set status = '{path[-1]}', "
                f"revenue = {self.rng.randint(1, 9_999)}.25, "
                f"updated_at = {self._random_updated_at()} where order_id = {order}"
            )
            if self.rng.random() < 0.5:
                statements.append(self._add_order_line(int(order)))
        return self._apply(statements, "orders changed")

    def rewrite_history(self) -> str:
        """Delete or change an order's status history, or insert a record into it."""
        order = self._random_value("orders", "order_id")
        self.status_paths.pop(order, None)
        condition = f"where order_id = {order}"
        status, changed_at = self.rng.choice(_STATUSES), self._next_history_time()
        insert = f"insert into crm.order_status_history values ({order}, '{status}', "
        statement = self.rng.choice(
            [
                f"delete from crm.order_status_history {condition}",
                f"update crm.order_status_history set status = '{status}' {condition}",
                f"{insert}{changed_at})",
                f"{insert}{_OLD_TIMESTAMP})",
                f"update crm.order_status_history set changed_at = null {condition}",
            ]
        )
        return self._apply([statement], f"history of order {order} rewritten")

    def change_creation_dates(self) -> str:
        """Change the creation dates of an order and a contact, sometimes to the future."""
        statements = []
        for table, key in (("orders", "order_id"), ("contacts", "contact_id")):
            date = self.rng.choice(["2026-10-26", "2026-10-19", "2026-10-19", "2999-01-01"])
            statements.append(
                f"update crm.{table} set created_at = '{date} 10:00:00+00', "
                f"updated_at = {self._random_updated_at()} "
                f"where {key} = '{self._random_value(table, key)}'"
            )
        return self._apply(statements, "creation dates changed")

    def change_contacts(self) -> str:
        """Change names, e-mails and phones of contacts."""
        statements = []
        for _ in range(self.rng.randint(1, 4)):
            contact = self._random_value("contacts", "contact_id")
            name, email, phone = self._new_person()
            statements.append(
                f"update crm.contacts set full_name = '{name}', email = '{email}', "
                f"phone = '{phone}', updated_at = {self._random_updated_at()} "
                f"where contact_id = '{contact}'"
            )
        return self._apply(statements, "contacts changed")

    def change_timestamps(self) -> str:
        """Change `updated_at` of all contacts and nothing else."""
        statement = f"update crm.contacts set updated_at = {self._random_updated_at()}"
        return self._apply([statement], "timestamps of all contacts changed")

    def delete_order(self) -> str:
        """Delete an order, its lines and its history."""
        order = self._random_value("orders", "order_id")
        self.status_paths.pop(order, None)
        statements = [f"delete from crm.{t} where order_id = {order}" for t in _ORDER_TABLES]
        return self._apply(statements, f"order {order} deleted")

    def rename_contacts(self) -> str:
        """Rename all contacts and build the marts."""
        name, _, _ = self._new_person()
        updated_at = self._random_updated_at()
        self._run([f"update crm.contacts set full_name = '{name}', updated_at = {updated_at}"])
        return f"all contacts renamed, {self.build_marts()}"

    def add_late_order(self, run: Callable[[], None]) -> str:
        """Run the exporter, then add an order with an old timestamp and build the marts."""
        run()
        number = self._next_number()
        self._run(self._add_order(number, "'2026-10-21 00:00:00+00'"))
        return f"late order {number}, {self.build_marts()}"

    def _apply(self, statements: list[str], description: str) -> str:
        """Run SQL and usually build the marts; return the description."""
        self._run(statements)
        if self.rng.random() < _SKIP_DBT_PROBABILITY:
            return description
        return f"{description}, {self.build_marts()}"

    def _run(self, statements: list[str]) -> None:
        with self.marts.connection() as connection:
            for statement in statements:
                connection.execute(statement)

    def _add_order(self, number: int, updated_at: str | None = None) -> list[str]:
        """Return SQL that adds an order, usually with a status history."""
        path = self._random_path()
        contact = self._random_value("contacts", "contact_id")
        insert = (
            f"insert into crm.orders values ({number}, '{contact}', "
            f"'{path[-1]}', '2026-10-25 10:00:00+00', "
            f"{updated_at or self._random_updated_at()}, null, "
            f"{self.rng.randint(1, 9_999)}.50, null, {self.rng.choice(['null', repr('EUR')])})"
        )
        if self.rng.random() < 0.7:
            return [insert, *self._append_history(str(number), *path)]
        return [insert]

    def _random_path(self) -> list[str]:
        return self.rng.choices(_STATUSES, k=self.rng.choice([1, 1, 2, 3]))

    def _append_history(self, order: str, *path: str) -> list[str]:
        """Return SQL that appends statuses to an order's history."""
        self.status_paths.setdefault(order, []).extend(path)
        return [
            f"insert into crm.order_status_history values ({order}, '{status}', {changed_at})"
            for status in path
            for changed_at in [self._next_history_time()]
        ]

    def _next_history_time(self) -> str:
        """Return a timestamp that is later than all previous ones."""
        self._last_history_second += 1
        seconds = self._last_history_second
        return f"timestamptz '2026-10-25 10:00:00+00' + interval '{seconds} seconds'"

    def _add_order_line(self, order: int) -> str:
        product = self._random_value("products", "product_id")
        quantity = self.rng.randint(1, 9)
        return (
            f"insert into crm.order_items values ({order}, '{product}', {quantity}, "
            f"{self._random_updated_at()})"
        )

    def _random_value(self, table: str, column: str) -> str:
        rows = self.marts.sql(f"select {column} from crm.{table} order by 1")
        # No row has the number 0: the statement then changes nothing.
        return str(self.rng.choice(rows)[0]) if rows else "0"

    def _new_person(self) -> tuple[str, str, str]:
        number = self._next_number()
        name, email = f"Имя{number} Фамилия{number}", f"Seeded{number}@Secret.example"
        digits = f"{number:07d}"
        self.secrets |= {name, email, email.lower(), f"7999{digits}"}
        spelling = self.rng.choice(_SPELLINGS)
        return name, email, spelling.format(digits[:3], digits[3:5], digits[5:])

    def _random_updated_at(self) -> str:
        self._seconds_passed += self.rng.choice([0, 1, 60])
        seconds = self._seconds_passed
        latest = f"timestamptz '2026-11-02 00:00:00+00' + interval '{seconds} seconds'"
        return self.rng.choices([latest, "null", _OLD_TIMESTAMP], [8, 1, 1])[0]

    def _next_number(self) -> int:
        self._last_number += 1
        return 1_000 + self._last_number


def changes_of(crm: Crm) -> dict[str, tuple[int, Callable[[], str]]]:
    """Return every change of the CRM by name, with its weight in the random choice."""
    return {
        "add rows": (3, crm.add_rows),
        "change orders": (6, crm.change_orders),
        "change contacts": (5, crm.change_contacts),
        "change timestamps": (1, crm.change_timestamps),
        "rewrite status history": (1, crm.rewrite_history),
        "change creation dates": (1, crm.change_creation_dates),
        "delete order": (1, crm.delete_order),
        "dbt run": (2, crm.build_marts),
        "full refresh": (2, crm.full_refresh),
    }
