"""A CRM that a history changes by SQL, and dbt, which makes the marts of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.dbt.warehouse import Warehouse
from tests.faults.states import State
from tests.marts_fixture import MartsWarehouse

_TABLES = ("config.materialized:incremental", "config.materialized:table")
"""What dbt must make anew; views stay as the first build made them."""

_STATUSES = ("new", "in_work", "paid", "delivered", "cancelled")
_SPELLINGS = ("+7 (999) {0}-{1}-{2}", "8 999 {0} {1} {2}", "7999{0}{1}{2}")
_ORDER_TABLES = ("orders", "order_items")
_UNSETTLED = 0.2


@dataclass(slots=True)
class Crm:
    """CRM tables in the schema `crm`; `warehouse` runs dbt over them."""

    warehouse: Warehouse
    marts: MartsWarehouse
    dice: Random
    secrets: set[str] = field(default_factory=set)
    _seconds: int = 0
    _made: int = 0

    def settle(self) -> str:
        """Build the marts anew."""
        outcome = self.warehouse.dbt("run", "--select", *_TABLES)
        if not outcome.success:
            raise RuntimeError(f"dbt run failed: {outcome.complaints}")
        return "dbt run"

    def full_refresh(self) -> str:
        """Build the marts from nothing, and on PostgreSQL the views that go with the tables."""
        outcome = self.warehouse.dbt("run", "--full-refresh")
        if not outcome.success:
            raise RuntimeError(f"dbt run --full-refresh failed: {outcome.complaints}")
        return "dbt run --full-refresh"

    def add(self) -> str:
        """Add products, customers, and orders with lines."""
        statements = []
        for _ in range(self.dice.randint(1, 4)):
            number = self._next()
            values = f"'p{number}', 'Товар {number}', {self._stamp()}"
            statements.append(f"insert into crm.products values ({values})")
            name, mail, phone = self._person()
            statements.append(
                f"insert into crm.contacts values ('c{number}', '{name}', '{mail}', '{phone}', "
                f"'16000000{number}', null, '2026-10-20 10:00:00+00', {self._stamp()})"
            )
        for _ in range(self.dice.randint(1, 6)):
            number = self._next()
            statements += [self._order(number), self._line(number)]
        return self._then_maybe_dbt(statements, "new products, customers and orders")

    def change_orders(self) -> str:
        """Give orders other statuses, sums and lines."""
        statements = []
        for _ in range(self.dice.randint(1, 4)):
            order = self._any("orders", "order_id")
            statements.append(
                f"update crm.orders set status = '{self.dice.choice(_STATUSES)}', "
                f"revenue = {self.dice.randint(1, 9_999)}.25, updated_at = {self._stamp()} "
                f"where order_id = {order}"
            )
            if self.dice.random() < 0.5:
                statements.append(self._line(int(order)))
        return self._then_maybe_dbt(statements, "orders changed")

    def change_contacts(self) -> str:
        """Give customers other names, e-mails and phones."""
        statements = []
        for _ in range(self.dice.randint(1, 4)):
            contact = self._any("contacts", "contact_id")
            name, mail, phone = self._person()
            statements.append(
                f"update crm.contacts set full_name = '{name}', email = '{mail}', "
                f"phone = '{phone}', updated_at = {self._stamp()} where contact_id = '{contact}'"
            )
        return self._then_maybe_dbt(statements, "contacts changed")

    def touch(self) -> str:
        """Give all customers another timestamp and leave the rest."""
        return self._then_maybe_dbt(
            [f"update crm.contacts set updated_at = {self._stamp()}"], "all contacts touched"
        )

    def delete(self) -> str:
        """Take an order away, with its lines."""
        order = self._any("orders", "order_id")
        statements = [f"delete from crm.{t} where order_id = {order}" for t in _ORDER_TABLES]
        return self._then_maybe_dbt(statements, f"order {order} deleted")

    def renew(self) -> str:
        """Give all customers another name, in the marts at once."""
        name, _, _ = self._person()
        self._run([f"update crm.contacts set full_name = '{name}', updated_at = {self._stamp()}"])
        return f"all contacts renamed, {self.settle()}"

    def late(self, run: Callable[[], None]) -> str:
        """Add an order of an old timestamp, which dbt has not seen before the run."""
        run()
        number = self._next()
        self._run([self._order(number, "'2026-10-21 00:00:00+00'")])
        return f"late order {number}, {self.settle()}"

    def differences(
        self, metrica: dict[str, dict[str, State]], unsent: set[str]
    ) -> Iterator[tuple[str, str]]:
        """Compare the CRM's own tables, as they are now, with what Metrica holds.

        Rows that may be `unsent`, since a fault made Metrica refuse them, are left out.
        """
        query = "select order_id, contact_id, status, revenue, currency from crm.orders"
        for order, contact, status, revenue, currency in self.marts.sql(query):
            found = metrica["orders"].get(str(order), {})
            should = {
                "client_uniq_id": contact,
                "order_status": status,
                "revenue": round(float(revenue), 2),
                "currency": currency or "RUB",
            }
            differs = {name: found.get(name) for name in should} != should
            if differs and str(order) not in unsent:
                yield "state", f"order {order} of the CRM is not in Metrica as it is"
        for contact, name, mail, phone in self.marts.sql(
            "select contact_id, full_name, email, phone from crm.contacts"
        ):
            digits = "7" + "".join(filter(str.isdigit, phone))[1:]
            should = {"name": name, "emails": [mail.strip().lower()], "phones": [digits]}
            found = metrica["contacts"].get(contact, {})
            differs = {column: found.get(column) for column in should} != should
            if differs and contact not in unsent:
                yield "state", f"contact {contact} of the CRM is not in Metrica as it is"

    def _then_maybe_dbt(self, statements: list[str], told: str) -> str:
        self._run(statements)
        return told if self.dice.random() < _UNSETTLED else f"{told}, {self.settle()}"

    def _run(self, statements: list[str]) -> None:
        with self.marts.connection() as connection:
            for statement in statements:
                connection.execute(statement)

    def _order(self, number: int, stamp: str | None = None) -> str:
        return (
            f"insert into crm.orders values ({number}, '{self._any('contacts', 'contact_id')}', "
            f"'{self.dice.choice(_STATUSES)}', '2026-10-25 10:00:00+00', "
            f"{stamp or self._stamp()}, null, {self.dice.randint(1, 9_999)}.50, null, "
            f"{self.dice.choice(['null', repr('EUR')])})"
        )

    def _line(self, order: int) -> str:
        product = self._any("products", "product_id")
        quantity = self.dice.randint(1, 9)
        return (
            f"insert into crm.order_items values ({order}, '{product}', {quantity}, "
            f"{self._stamp()})"
        )

    def _any(self, table: str, column: str) -> str:
        rows = self.marts.sql(f"select {column} from crm.{table} order by 1")
        return str(self.dice.choice(rows)[0])

    def _person(self) -> tuple[str, str, str]:
        number = self._next()
        name, mail = f"Имя{number} Фамилия{number}", f"Seeded{number}@Secret.example"
        digits = f"{number:07d}"
        self.secrets |= {name, mail, mail.lower(), f"7999{digits}"}
        spelling = self.dice.choice(_SPELLINGS)
        return name, mail, spelling.format(digits[:3], digits[3:5], digits[5:])

    def _stamp(self) -> str:
        self._seconds += self.dice.choice([0, 1, 60])
        late = f"timestamptz '2026-11-02 00:00:00+00' + interval '{self._seconds} seconds'"
        return self.dice.choices([late, "null", "timestamptz '2026-10-01 00:00:00+00'"], [8, 1, 1])[
            0
        ]

    def _next(self) -> int:
        self._made += 1
        return 1_000 + self._made


def changes_of(crm: Crm) -> dict[str, tuple[int, Callable[[], str]]]:
    """Return every change of the CRM by name, with its weight in the choice."""
    return {
        "add": (3, crm.add),
        "change orders": (6, crm.change_orders),
        "change contacts": (5, crm.change_contacts),
        "touch": (1, crm.touch),
        "delete": (1, crm.delete),
        "dbt run": (2, crm.settle),
        "full refresh": (2, crm.full_refresh),
    }
