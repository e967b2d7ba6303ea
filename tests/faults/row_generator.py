"""Random rows for the marts: valid rows, and rows that the exporter must reject or hold."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.support.marts_fixture import COLUMNS, OWN

Cells = dict[str, Any]


@dataclass(slots=True)
class GeneratedRow:
    """One row to write into a mart. With `has_no_hash`, its `row_hash` is null."""

    mart: str
    cells: Cells
    updated_at: str | None
    has_no_hash: bool = False

    def hash(self, salt: int) -> str | None:
        """Return the row hash. Another salt simulates a changed hash rule."""
        if self.has_no_hash:
            return None
        cells = [self.cells.get(column) for column in hashed_columns(self.mart)]
        return hashlib.md5(json.dumps([salt, cells]).encode()).hexdigest()  # noqa: S324 - as dbt's


@dataclass(slots=True)
class RowGenerator:
    """Generates random cells. `secrets` collects every personal value in them."""

    rng: Random
    secrets: set[str] = field(default_factory=set)
    _last_number: int = 0

    def contact(self, key: str) -> Cells:
        """Return a contact that Metrica accepts."""
        number = self._next_number()
        name, mail, phone = (
            f"Имя{number} Фамилия{number}",
            f"seeded{number}@secret.example",
            f"7999{number:07d}",
        )
        cells: Cells = {
            "uniq_id": key,
            "name": self._value_or_none(self._add_secret(name)),
            "create_date_time": self._creation_date(key),
            "birth_date": self._value_or_none("1980-02-29"),
            "client_ids": self._value_or_none(f"16000000{number},17000000{number}"),
            "emails": self._add_secret(mail),
            "phones": self._value_or_none(self._add_secret(phone)),
            "identifiers_count": self.rng.randint(1, 4),
        }
        if self.rng.random() < 0.2:
            cells["phones_md5"] = hashlib.md5(phone.encode()).hexdigest()  # noqa: S324 - Metrica's
        return cells

    def order(self, key: str, contact: str, path: list[str], products: list[str]) -> Cells:
        """Return an order that Metrica accepts after its contact, statuses and products.

        For a `path` of one status, the cell `status_path` may be empty.
        """
        chosen = sorted(self.rng.sample(products, k=min(len(products), self.rng.randint(0, 2))))
        return {
            "id": key,
            "client_uniq_id": contact,
            "client_type": "CONTACT",
            "create_date_time": self._creation_date(key),
            "finish_date_time": self._value_or_none("2026-11-01 12:00:00"),
            "order_status": path[-1],
            "revenue": f"{self.rng.randint(0, 9999)}.{self._next_number() % 100:02d}",
            "cost": self._value_or_none("10.50"),
            "currency": self.rng.choice(["RUB", "EUR", None]),
            "products": ",".join(f"{p}:{self.rng.randint(1, 9)}" for p in chosen) or None,
            "items_count": self._next_number(),
            "status_path": ",".join(path) if len(path) > 1 else self._value_or_none(path[0]),
        }

    def random_path(
        self, statuses: list[str], prefix: Sequence[str] = (), max_new: int = 3
    ) -> list[str]:
        """Return a status path: `prefix` and one to `max_new` random statuses."""
        path = list(prefix)
        for _ in range(self.rng.randint(1, max_new)):
            path.append(self.rng.choice([s for s in statuses if path[-1:] != [s]]))
        return path

    def product(self, key: str) -> Cells:
        return {"name": key, "humanized": f"Товар {self._next_number()}"}

    def status(self, key: str) -> Cells:
        goals = self._value_or_none("lead,buy")
        status_type = self.rng.choice(["IN_PROGRESS", "PAID", "CANCELLED", "OTHER"])
        humanized = f"Статус {self._next_number()}"
        return {"id": key, "type": status_type, "humanized": humanized, "goal_action_ids": goals}

    def make_invalid(self, row: GeneratedRow) -> str:
        """Put invalid cells into a row; return the name of the problem."""
        problem, cells = self.rng.choice(_INVALID_CELLS[row.mart])
        self.secrets.update(
            str(value) for name, value in cells.items() if name in {"phones", "emails"}
        )
        row.cells.update(cells)
        row.has_no_hash = problem == "no hash"
        return problem

    def _creation_date(self, key: str) -> str:
        """Return a creation date. It is usually the same for one id, as in most CRMs."""
        days = self.rng.choices([20, 21, 25], [8, 1, 1])[0]
        second = int(hashlib.md5(key.encode()).hexdigest(), 16) % 60  # noqa: S324 - any number
        return f"2026-10-{days} 10:00:{second:02d}"

    def _add_secret(self, text: str) -> str:
        self.secrets.add(text)
        return text

    def _value_or_none(self, text: str) -> str | None:
        return text if self.rng.random() < 0.7 else None

    def _next_number(self) -> int:
        self._last_number += 1
        return self._last_number


def hashed_columns(mart: str) -> list[str]:
    """Return the columns that the row hash covers."""
    return [*COLUMNS[mart], *OWN.get(mart, ())]


JAVASCRIPT_GOAL = "js_lead"
"""An order status that is valid if the counter has a JavaScript goal with this id."""

REFUSED_QUANTITY = 9_999_999_999
"""A product quantity that passes the exporter's rules and that Metrica refuses."""

_INVALID_CELLS: dict[str, list[tuple[str, Cells]]] = {
    "order_statuses": [("type", {"type": "SOLD"})],
    "products": [("long name", {"humanized": "Ж" * 4097})],
    "contacts": [
        ("phone", {"phones": "8 (999) 123-45-67"}),
        ("e-mail", {"emails": "Seeded@Secret.Example"}),
        ("birth date", {"birth_date": "1890-01-01"}),
        ("future date", {"create_date_time": "2999-01-01 00:00:00"}),
        ("no hash", {}),
    ],
    "orders": [
        ("no status", {"order_status": None, "status_path": None}),
        ("malformed status", {"order_status": "what is it?", "status_path": None}),
        ("path without current status", {"order_status": "PAID", "status_path": "PAID,SPAM"}),
        ("unmapped status in path", {"order_status": "PAID", "status_path": "SPAM,mystery,PAID"}),
        (
            "goal in path",
            {"order_status": "PAID", "status_path": f"IN_PROGRESS,{JAVASCRIPT_GOAL},PAID"},
        ),
        ("future date", {"create_date_time": "2999-01-01 00:00:00"}),
        ("no date", {"create_date_time": None}),
        ("old date", {"create_date_time": "1960-01-01 00:00:00"}),
        ("currency", {"currency": "rub"}),
        *[("quantity that Metrica refuses", {"products": f"p1:{REFUSED_QUANTITY}"})] * 3,
        ("product quantity", {"products": "p1:none"}),
        ("no contact", {"client_uniq_id": None}),
        ("unknown contact", {"client_uniq_id": "nobody"}),
        ("unmapped status", {"order_status": "mystery", "status_path": None}),
        ("goal as status", {"order_status": JAVASCRIPT_GOAL, "status_path": None}),
        ("no hash", {}),
    ],
}
