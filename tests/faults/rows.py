"""Rows of the marts as the campaign makes them: good ones, and ones that cannot be sent."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.support.marts_fixture import COLUMNS, OWN

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
        cells = [self.cells.get(column) for column in columns_of(self.mart)]
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
            "create_date_time": self._created(key),
            "birth_date": self._maybe("1980-02-29"),
            "client_ids": self._maybe(f"16000000{number},17000000{number}"),
            "emails": self._secret(mail),
            "phones": self._maybe(self._secret(phone)),
            "identifiers_count": self.dice.randint(1, 4),
        }
        if self.dice.random() < 0.2:
            cells["phones_md5"] = hashlib.md5(phone.encode()).hexdigest()  # noqa: S324 - Metrica's
        return cells

    def order(self, key: str, contact: str, path: list[str], products: list[str]) -> Cells:
        """Return an order that Metrica takes once it knows contact, statuses and products.

        A `path` of one status may stand for an order without a history.
        """
        chosen = sorted(self.dice.sample(products, k=min(len(products), self.dice.randint(0, 2))))
        return {
            "id": key,
            "client_uniq_id": contact,
            "client_type": "CONTACT",
            "create_date_time": self._created(key),
            "finish_date_time": self._maybe("2026-11-01 12:00:00"),
            "order_status": path[-1],
            "revenue": f"{self.dice.randint(0, 9999)}.{self._next() % 100:02d}",
            "cost": self._maybe("10.50"),
            "currency": self.dice.choice(["RUB", "EUR", None]),
            "products": ",".join(f"{p}:{self.dice.randint(1, 9)}" for p in chosen) or None,
            "items_count": self._next(),
            "status_path": ",".join(path) if len(path) > 1 else self._maybe(path[0]),
        }

    def path(self, statuses: list[str], before: Sequence[str] = (), most: int = 3) -> list[str]:
        """Return a way through one to `most` statuses, or so many more than those `before`."""
        path = list(before)
        for _ in range(self.dice.randint(1, most)):
            path.append(self.dice.choice([s for s in statuses if path[-1:] != [s]]))
        return path

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

    def _created(self, key: str) -> str:
        """Return a creation date: most often the id's own, since few CRMs change it."""
        days = self.dice.choices([20, 21, 25], [8, 1, 1])[0]
        second = int(hashlib.md5(key.encode()).hexdigest(), 16) % 60  # noqa: S324 - any number
        return f"2026-10-{days} 10:00:{second:02d}"

    def _secret(self, text: str) -> str:
        self.secrets.add(text)
        return text

    def _maybe(self, text: str) -> str | None:
        return text if self.dice.random() < 0.7 else None

    def _next(self) -> int:
        self._made += 1
        return self._made


def columns_of(mart: str) -> list[str]:
    """Return the columns that a row's hash is of."""
    return [*COLUMNS[mart], *OWN.get(mart, ())]


GOAL = "js_lead"
"""A status that is known when the counter has a JavaScript goal of that id."""

POISON_UNITS = 9_999_999_999
"""A quantity that only Metrica refuses."""

_WAYS_TO_SPOIL: dict[str, list[tuple[str, Cells]]] = {
    "order_statuses": [("type", {"type": "SOLD"})],
    "products": [("name", {"humanized": "Ж" * 4097})],
    "contacts": [
        ("phone", {"phones": "8 (999) 123-45-67"}),
        ("e-mail", {"emails": "Seeded@Secret.Example"}),
        ("birth date", {"birth_date": "1890-01-01"}),
        ("future", {"create_date_time": "2999-01-01 00:00:00"}),
        ("no hash", {}),
    ],
    "orders": [
        ("no status", {"order_status": None, "status_path": None}),
        ("status", {"order_status": "what is it?", "status_path": None}),
        ("no end", {"order_status": "PAID", "status_path": "PAID,SPAM"}),
        ("mystery on the way", {"order_status": "PAID", "status_path": "SPAM,mystery,PAID"}),
        ("goal on the way", {"order_status": "PAID", "status_path": f"IN_PROGRESS,{GOAL},PAID"}),
        ("future", {"create_date_time": "2999-01-01 00:00:00"}),
        ("no date", {"create_date_time": None}),
        ("old date", {"create_date_time": "1960-01-01 00:00:00"}),
        ("currency", {"currency": "rub"}),
        *[("poison", {"products": f"p1:{POISON_UNITS}"})] * 3,
        ("products", {"products": "p1:none"}),
        ("no contact", {"client_uniq_id": None}),
        ("strange contact", {"client_uniq_id": "nobody"}),
        ("unmapped status", {"order_status": "mystery", "status_path": None}),
        ("goal", {"order_status": GOAL, "status_path": None}),
        ("no hash", {}),
    ],
}
