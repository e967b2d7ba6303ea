"""A column more in a mart, as a team adds a custom attribute."""

import re
from dataclasses import dataclass

from metrica_export.metrica.formats import Attribute

from tests.dbt.warehouse import Warehouse


@dataclass(frozen=True)
class Column:
    """A column that a team adds to a mart: its SQL, its YAML, what every row then has."""

    attribute: Attribute
    data_type: str
    sql: str
    value: str

    def add(self, warehouse: Warehouse, mart: str) -> None:
        model = warehouse.project / f"models/marts/metrica/{mart}.sql"
        text = model.read_text(encoding="utf-8")
        before = re.search(r"^        (\w+[.]|greatest.* as )?updated_at\n", text, re.MULTILINE)
        assert before
        line = f"        {self.sql} as {self.attribute.name},\n"
        model.write_text(text[: before.start()] + line + text[before.start() :], encoding="utf-8")
        meta = f"type: {self.attribute.type_name}"
        if self.attribute.multivalued:
            meta += ", multivalued: true"
        if self.attribute.humanized != self.attribute.name:
            meta += f", humanized: {self.attribute.humanized}"
        declare(warehouse, mart, self.attribute.name, self.data_type, f"{{metrica: {{{meta}}}}}")


def declare(warehouse: Warehouse, mart: str, name: str, data_type: str, meta: str) -> None:
    """Add a column to the mart's YAML."""
    models = warehouse.project / "models/marts/metrica/_metrica__models.yml"
    entry = f"      - {{name: {name}, data_type: '{data_type}', config: {{meta: {meta}}}}}\n"
    head, name_of_mart, tail = models.read_text("utf-8").partition(f"\n  - name: {mart}\n")
    assert name_of_mart
    tail = tail.replace("    columns:\n", f"    columns:\n{entry}", 1)
    models.write_text(head + name_of_mart + tail, encoding="utf-8")
