"""Random days of a CRM as SQL: the same for every engine from the same seed."""

from datetime import UTC, datetime, timedelta
from random import Random

CONTACTS = 150
ORDERS = 300
PRODUCTS = 20
CHANGES_A_DAY = 120
START = datetime(2026, 2, 1, tzinfo=UTC)
STATUSES = ("'new'", "'paid'", "'Cancelled'", "' spam'", "null")
PHONES = ("8 999 555-{:02}-{:02}", "+49 (0)711 28422{:02}{:02}", "нет {}{}", "999555{:02}{:02}")


class CrmLife:
    """A CRM whose clocks are as bad as they come.

    Rows arrive with times of the past and of the future, with equal ones and with none;
    changes turn time back; contacts, orders, lines and identifiers vanish.
    """

    def __init__(
        self,
        seed: int,
        contacts: int = CONTACTS,
        orders: int = ORDERS,
        products: int = PRODUCTS,
        changes_a_day: int = CHANGES_A_DAY,
    ) -> None:
        self._random = Random(seed)  # noqa: S311 -- it must repeat itself
        self._size = (contacts, orders)
        self._products = products
        self._changes_a_day = changes_a_day
        self._now = START
        self._contacts = 0
        self._orders = 0

    def first_day(self) -> list[str]:
        """Return the statements that fill an empty CRM."""
        products = [
            _insert("products", f"'p{n}'", f"'Product {n}'", self._row_time())
            for n in range(self._products)
        ]
        contacts = [statement for _ in range(self._size[0]) for statement in self._new_contact()]
        orders = [statement for _ in range(self._size[1]) for statement in self._new_order()]
        return products + contacts + orders

    def next_day(self) -> list[str]:
        """Return the statements of one more day."""
        self._now += timedelta(days=1)
        kinds = (
            self._new_contact,
            self._new_order,
            self._new_line,
            self._new_identifier,
            self._new_status,
            self._changed_contact,
            self._changed_order,
            self._changed_lines,
            self._changed_product,
            self._vanished,
            self._touched,
        )
        return [s for _ in range(self._changes_a_day) for s in self._random.choice(kinds)()]

    def _new_contact(self) -> list[str]:
        self._contacts += 1
        contact = f"'C-{self._contacts}'"
        name, email = f"'Name {self._contacts}'", f"'Contact{self._contacts}@Example.com'"
        client_id = f"'{self._below(10**12)}'"
        times = self._row_time(), self._row_time()
        return [_insert("contacts", contact, name, email, self._phone(), client_id, "null", *times)]

    def _new_identifier(self) -> list[str]:
        values = self._contact(), "'phone'", self._phone(), self._row_time()
        return [_insert("contact_identifiers", *values)]

    def _new_order(self) -> list[str]:
        self._orders += 1
        times = self._row_time(), self._row_time()
        values = str(self._orders), self._contact(), self._status(), *times
        order = _insert("orders", *values, "null", self._money(), self._money(), "null")
        return [order, *self._new_line(), *self._new_line()]

    def _new_line(self) -> list[str]:
        quantity = str(self._random.randrange(-1, 4))
        values = self._order(), self._product(), quantity, self._row_time()
        return [_insert("order_items", *values)]

    def _new_status(self) -> list[str]:
        values = self._order(), self._status(), self._change_time()
        return [_insert("order_status_history", *values)]

    def _changed_contact(self) -> list[str]:
        name, phone, when = f"'Changed {self._below(100)}'", self._phone(), self._change_time()
        return [
            _update(
                "contacts",
                f"full_name = {name}, phone = {phone}, updated_at = {when}",
                f"contact_id = {self._contact()}",
            )
        ]

    def _changed_order(self) -> list[str]:
        status, revenue, when = self._status(), self._money(), self._change_time()
        return [
            _update(
                "orders",
                f"status = {status}, revenue = {revenue}, updated_at = {when}",
                f"order_id = {self._order()}",
            )
        ]

    def _changed_lines(self) -> list[str]:
        product, when = self._product(), self._change_time()
        return [
            _update(
                "order_items",
                f"product_id = {product}, updated_at = {when}",
                f"order_id = {self._order()}",
            )
        ]

    def _changed_product(self) -> list[str]:
        name, when = f"'Renamed {self._below(100)}'", self._change_time()
        return [
            _update(
                "products", f"name = {name}, updated_at = {when}", f"product_id = {self._product()}"
            )
        ]

    def _vanished(self) -> list[str]:
        table, key = self._random.choice(
            [
                ("contacts", f"contact_id = {self._contact()}"),
                ("contact_identifiers", f"contact_id = {self._contact()}"),
                ("orders", f"order_id = {self._order()}"),
                ("order_items", f"order_id = {self._order()}"),
                ("order_status_history", f"order_id = {self._order()}"),
                ("products", f"product_id = {self._product()}"),
            ]
        )
        return [f"delete from crm.{table} where {key}"]

    def _touched(self) -> list[str]:
        """Return an update of a quarter of the orders that changes nothing but one time."""
        quarter, when = self._below(4), self._change_time()
        return [_update("orders", f"updated_at = {when}", f"order_id % 4 = {quarter}")]

    def _row_time(self) -> str:
        """Return the time of a new row: today, long ago (a late commit), or none."""
        days = self._random.choice([0, 0, 1, 5, 30, 200, None])
        return "null" if days is None else _literal(self._now - timedelta(days=days))

    def _change_time(self) -> str:
        """Return the time that a change leaves: today, turned back, in the future, or none."""
        days = self._random.choice([0, 0, 0, -50, 9000, None])
        if days is None:
            return "null"
        return _literal(self._now + timedelta(days=days, microseconds=self._below(10**6)))

    def _contact(self) -> str:
        return f"'C-{self._below(self._contacts) + 1}'"

    def _order(self) -> str:
        return str(self._below(self._orders) + 1)

    def _product(self) -> str:
        return f"'p{self._below(self._products)}'"

    def _status(self) -> str:
        return self._random.choice(STATUSES)

    def _money(self) -> str:
        return self._random.choice([f"{self._below(10**8) / 1000}", "null"])

    def _phone(self) -> str:
        spelling = self._random.choice(PHONES)
        return "'" + spelling.format(self._below(100), self._below(100)) + "'"

    def _below(self, limit: int) -> int:
        return self._random.randrange(limit)


class TimelyLife(CrmLife):
    """A CRM whose changes bear their time, so that incremental marts must find each of them.

    Rows are committed two days late at most. A line or an identifier vanishes only together with a
    change of its order or contact, and contacts and orders stay.
    """

    def _row_time(self) -> str:
        days, seconds = self._below(3), self._below(10**4)
        return _literal(self._now - timedelta(days=days, seconds=seconds))

    def _change_time(self) -> str:
        return _literal(self._now + timedelta(seconds=self._below(10**4)))

    def _vanished(self) -> list[str]:
        order, contact, when = self._order(), self._contact(), self._change_time()
        return [
            f"delete from crm.order_items where order_id = {order}",
            f"delete from crm.order_status_history where order_id = {order}",
            _update("orders", f"updated_at = {when}", f"order_id = {order}"),
            f"delete from crm.contact_identifiers where contact_id = {contact}",
            _update("contacts", f"phone = null, updated_at = {when}", f"contact_id = {contact}"),
        ]


def _insert(table: str, *values: str) -> str:
    return f"insert into crm.{table} values ({', '.join(values)})"


def _update(table: str, assignments: str, condition: str) -> str:
    return f"update crm.{table} set {assignments} where {condition}"


def _literal(moment: datetime) -> str:
    return f"cast('{moment.isoformat()}' as timestamptz)"
