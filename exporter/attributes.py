"""Custom attributes: what the marts declare against what Metrica has."""

from dataclasses import dataclass

from exporter.manifest import Attribute, Mart
from exporter.marts import CONTACTS, ORDERS
from exporter.metrica import Metrica

ENTITY_TYPES = {CONTACTS.name: "CONTACT", ORDERS.name: "ORDER"}
"""Entity → Metrica's word for what has the attributes (createAttributes)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An attribute that Metrica lacks (`found` is None), or has as another type."""

    mart: str
    attribute: Attribute
    found: str | None

    @property
    def is_conflict(self) -> bool:
        """Whether Metrica has it as another type, which no call can change."""
        return self.found is not None

    def explain(self) -> str:
        """Return what is wrong about a conflict, and what to do."""
        return (
            f"Metrica has the attribute {self.attribute.name} of {ENTITY_TYPES[self.mart]} as "
            f"{self.found}, and mart {self.mart} declares {self.attribute.type_name}: a type "
            "cannot be changed, so correct the mart's YAML, or give the column another name."
        )


def differences(metrica: Metrica, mart: Mart) -> list[Difference]:
    """Return what Metrica has not, or not as declared; asks only for a mart with attributes."""
    if not mart.attributes:
        return []
    there = metrica.attributes(ENTITY_TYPES[mart.name])
    found = []
    for attribute in mart.attributes:
        type_name = there.get(attribute.name)
        is_other = type_name is not None and type_name.lower() != attribute.type_name
        if attribute.name not in there or is_other:
            found.append(Difference(mart.name, attribute, type_name))
    return found
