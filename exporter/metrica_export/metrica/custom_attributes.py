"""Custom attributes: what the marts declare against what Metrica has."""

from dataclasses import dataclass

from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import CONTACTS, ORDERS, Attribute

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


def differences(metrica: Metrica, mart: str, attributes: tuple[Attribute, ...]) -> list[Difference]:
    """Return the declared attributes of a mart that Metrica lacks or has as another type.

    Sends no request for a mart without attributes.
    """
    if not attributes:
        return []
    there = metrica.attributes(ENTITY_TYPES[mart])
    found = []
    for attribute in attributes:
        type_name = there.get(attribute.name)
        is_other = type_name is not None and type_name.lower() != attribute.type_name
        if attribute.name not in there or is_other:
            found.append(Difference(mart, attribute, type_name))
    return found
