"""Rows of the marts as the campaign makes them: good ones, and ones that cannot be sent."""

import hashlib
import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.marts_fixture import COLUMNS

Cells = dict[str, Any]


@dataclass(slots=True)
class Row:
    """One row of a mart; without a hash when `hashless`."""

    mart: str
    cells: Cells
    updated_at: str | None
    hashless: bool = False

    def hash(self, salt: int) -> str | None:
        """Return the row's hash; another salt stands for another rule of hashing."""
        if self.hashless:
            return None
        cells = [self.cells.get(column) for column in COLUMNS[self.mart]]
        return hashlib.md5(json.dumps([salt, cells]).encode()).hexdigest()  # noqa: S324 - as dbt's


@dataclass(slots=True)
class Maker:
    """Makes cells by chance; `secrets` grows by every personal value that was made."""

    dice: Random
    secrets: set[str] = field(default_factory=set)
    _made: int = 0

    def contact(self, key: str) -> Cells:
        """Return a contact that Metrica takes."""
        number = self._next()
        name, mail, phone = (
            f"Имя{number} Фамилия{number}",
            f"seeded{number}@secret.example",
            f"7999{number:07d}",
        )
        cells: Cells = {
            "uniq_id": key,
            "name": self._maybe(self._secret(name)),
            "create_date_time": _created(key),
            "birth_date": self._maybe("1980-02-29"),
            "client_ids": self._maybe(f"16000000{number},17000000{number}"),
            "emails": self._secret(mail),
            "phones": self._maybe(self._secret(phone)),
            "identifiers_count": self.dice.randint(1, 4),
        }
        if self.dice.random() < 0.2:
            cells["phones_md5"] = hashlib.md5(phone.encode()).hexdigest()  # noqa: S324 - Metrica's
        return cells

    def order(self, key: str, contact: str, statuses: list[str], products: list[str]) -> Cells:
        """Return an order that Metrica takes once it knows contact, status and products."""
        chosen = sorted(self.dice.sample(products, k=min(len(products), self.dice.randint(0, 2))))
        return {
            "id": key,
            "client_uniq_id": contact,
            "client_type": "CONTACT",
            "create_date_time": _created(key),
            "finish_date_time": self._maybe("2026-11-01 12:00:00"),
            "order_status": self.dice.choice(statuses),
            "revenue": f"{self.dice.randint(0, 9999)}.{self._next() % 100:02d}",
            "cost": self._maybe("10.50"),
            "currency": self.dice.choice(["RUB", "EUR", None]),
            "products": ",".join(f"{p}:{self.dice.randint(1, 9)}" for p in chosen) or None,
            "items_count": self._next(),
        }

    def product(self, key: str) -> Cells:
        return {"name": key, "humanized": f"Товар {self._next()}"}

    def status(self, key: str) -> Cells:
        goals = self._maybe("lead,buy")
        kind = self.dice.choice(["IN_PROGRESS", "PAID", "CANCELLED", "OTHER"])
        humanized = f"Статус {self._next()}"
        return {"id": key, "type": kind, "humanized": humanized, "goal_action_ids": goals}

    def spoilt(self, row: Row) -> str:
        """Spoil a row in place in one of the ways that a CRM can; return which."""
        way, cells = self.dice.choice(_WAYS_TO_SPOIL[row.mart])
        self.secrets.update(
            str(value) for name, value in cells.items() if name in {"phones", "emails"}
        )
        row.cells.update(cells)
        row.hashless = way == "no hash"
        return way

    def _secret(self, text: str) -> str:
        self.secrets.add(text)
        return text

    def _maybe(self, text: str) -> str | None:
        return text if self.dice.random() < 0.7 else None

    def _next(self) -> int:
        self._made += 1
        return self._made


def _created(key: str) -> str:
    # One for each id: Metrica keeps the first creation time that it is told.
    second = int(hashlib.md5(key.encode()).hexdigest(), 16) % 60  # noqa: S324 - any number
    return f"2026-10-20 10:00:{second:02d}"


POISON_CURRENCY = "XQZ"
"""Looks like a currency and is none: only Metrica knows."""

_WAYS_TO_SPOIL: dict[str, list[tuple[str, Cells]]] = {
    "order_statuses": [("type", {"type": "SOLD"})],
    "products": [("name", {"humanized": "Ж" * 4097})],
    "contacts": [
        ("phone", {"phones": "8 (999) 123-45-67"}),
        ("e-mail", {"emails": "Seeded@Secret.Example"}),
        ("birth date", {"birth_date": "1890-01-01"}),
        ("no hash", {}),
    ],
    "orders": [
        ("no status", {"order_status": None}),
        ("status", {"order_status": "what is it?"}),
        ("currency", {"currency": "rub"}),
        ("poison", {"currency": POISON_CURRENCY}),
        ("products", {"products": "p1:none"}),
        ("no contact", {"client_uniq_id": None}),
        ("strange contact", {"client_uniq_id": "nobody"}),
        ("unmapped status", {"order_status": "mystery"}),
        ("no hash", {}),
    ],
}
