"""A CRM that a history changes by SQL, and dbt, which makes the marts of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.dbt.warehouse import Warehouse
from tests.support.marts_fixture import MartsWarehouse

_TABLES = ("config.materialized:table",)
"""What dbt must make anew; views stay as the first build made them."""

_STATUSES = ("new", "in_work", "paid", "delivered", "cancelled")
_SPELLINGS = ("+7 (999) {0}-{1}-{2}", "8 999 {0} {1} {2}", "7999{0}{1}{2}")
_ORDER_TABLES = ("orders", "order_items", "order_status_history")
_LONG_AGO = "timestamptz '2026-10-01 00:00:00+00'"
_UNSETTLED = 0.2
VARIABLES = {"crm_has_order_status_history": True, "count_attributes": True}
"""What switches on the history of statuses in dbt, and sends every column of the marts."""


@dataclass(slots=True)
class Crm:
    """CRM tables in the schema `crm`; `warehouse` runs dbt over them.

    `ways` holds the statuses of each order whose history was kept from its first status on,
    and was only ever continued.
    """

    warehouse: Warehouse
    marts: MartsWarehouse
    dice: Random
    secrets: set[str] = field(default_factory=set)
    ways: dict[str, list[str]] = field(default_factory=dict)
    _seconds: int = 0
    _made: int = 0
    _moments: int = 0

    def settle(self) -> str:
        """Build the marts anew."""
        outcome = self.warehouse.dbt("run", "--select", *_TABLES, **VARIABLES)
        if not outcome.success:
            raise RuntimeError(f"dbt run failed: {outcome.complaints}")
        return "dbt run"

    def full_refresh(self) -> str:
        """Build the marts from nothing, and on PostgreSQL the views that go with the tables."""
        outcome = self.warehouse.dbt("run", "--full-refresh", **VARIABLES)
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
            statements += [*self._order(number), self._line(number)]
        return self._then_maybe_dbt(statements, "new products, customers and orders")

    def change_orders(self) -> str:
        """Let orders go through one or several statuses, and give them other sums and lines."""
        statements = []
        for _ in range(self.dice.randint(1, 4)):
            order = self._any("orders", "order_id")
            way = self.dice.choices(_STATUSES, k=self.dice.choice([1, 1, 2, 3]))
            if order in self.ways:
                statements += self._note(order, *way)
            statements.append(
                f"update crm.orders set status = '{way[-1]}', "
                f"revenue = {self.dice.randint(1, 9_999)}.25, updated_at = {self._stamp()} "
                f"where order_id = {order}"
            )
            if self.dice.random() < 0.5:
                statements.append(self._line(int(order)))
        return self._then_maybe_dbt(statements, "orders changed")

    def write_history_anew(self) -> str:
        """Take notes of an order's history away, put others there, or begin to keep one."""
        order = self._any("orders", "order_id")
        self.ways.pop(order, None)
        of = f"where order_id = {order}"
        other, moment = self.dice.choice(_STATUSES), self._moment()
        statement = self.dice.choice(
            [
                f"delete from crm.order_status_history {of}",
                f"update crm.order_status_history set status = '{other}' {of}",
                f"insert into crm.order_status_history values ({order}, '{other}', {moment})",
                f"insert into crm.order_status_history values ({order}, '{other}', {_LONG_AGO})",
                f"update crm.order_status_history set changed_at = null {of}",
            ]
        )
        return self._then_maybe_dbt([statement], f"history of order {order} written anew")

    def move_dates(self) -> str:
        """Give orders and customers other creation dates, some of them in the future."""
        statements = []
        for table, key in (("orders", "order_id"), ("contacts", "contact_id")):
            date = self.dice.choice(["2026-10-26", "2026-10-19", "2026-10-19", "2999-01-01"])
            statements.append(
                f"update crm.{table} set created_at = '{date} 10:00:00+00', "
                f"updated_at = {self._stamp()} where {key} = '{self._any(table, key)}'"
            )
        return self._then_maybe_dbt(statements, "creation dates changed")

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
        self.ways.pop(order, None)
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
        self._run(self._order(number, "'2026-10-21 00:00:00+00'"))
        return f"late order {number}, {self.settle()}"

    def _then_maybe_dbt(self, statements: list[str], told: str) -> str:
        self._run(statements)
        return told if self.dice.random() < _UNSETTLED else f"{told}, {self.settle()}"

    def _run(self, statements: list[str]) -> None:
        with self.marts.connection() as connection:
            for statement in statements:
                connection.execute(statement)

    def _order(self, number: int, stamp: str | None = None) -> list[str]:
        """Return what adds an order, most often with a history."""
        way = self.dice.choices(_STATUSES, k=self.dice.choice([1, 1, 2, 3]))
        insert = (
            f"insert into crm.orders values ({number}, '{self._any('contacts', 'contact_id')}', "
            f"'{way[-1]}', '2026-10-25 10:00:00+00', "
            f"{stamp or self._stamp()}, null, {self.dice.randint(1, 9_999)}.50, null, "
            f"{self.dice.choice(['null', repr('EUR')])})"
        )
        return [insert, *(self._note(str(number), *way) if self.dice.random() < 0.7 else ())]

    def _note(self, order: str, *way: str) -> list[str]:
        """Return what continues an order's history."""
        self.ways.setdefault(order, []).extend(way)
        return [
            f"insert into crm.order_status_history values ({order}, '{status}', {self._moment()})"
            for status in way
        ]

    def _moment(self) -> str:
        """Return a time later than all before; so are the statuses of one order told apart."""
        self._moments += 1
        return f"timestamptz '2026-10-25 10:00:00+00' + interval '{self._moments} seconds'"

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
        return self.dice.choices([late, "null", _LONG_AGO], [8, 1, 1])[0]

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
        "write history anew": (1, crm.write_history_anew),
        "move dates": (1, crm.move_dates),
        "delete": (1, crm.delete),
        "dbt run": (2, crm.settle),
        "full refresh": (2, crm.full_refresh),
    }
