"""Comparison of the marts' custom attributes with Metrica's."""

from dataclasses import dataclass

from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import Attribute, Entity


@dataclass(frozen=True, slots=True)
class Difference:
    """A declared attribute that Metrica lacks (`found` is None) or has as another type."""

    entity: Entity
    attribute: Attribute
    found: str | None

    @property
    def mart(self) -> str:
        """The mart that declares the attribute."""
        return self.entity.name

    @property
    def is_conflict(self) -> bool:
        """Whether Metrica has the attribute as another type, which no call can change."""
        return self.found is not None

    def explain(self) -> str:
        """Return the problem of a conflict, and the cure."""
        return (
            f"Metrica has the attribute {self.attribute.name} of {self.entity.attribute_owner} as "
            f"{self.found}, but mart {self.mart} declares {self.attribute.type_name}. A type "
            "cannot be changed. Correct dbt's var metrica_attributes, or rename the attribute."
        )


def differences(
    metrica: Metrica, entity: Entity, attributes: tuple[Attribute, ...]
) -> list[Difference]:
    """Return the declared attributes of an entity that Metrica lacks or has as another type.

    Makes no request for an entity without declared attributes.
    """
    if not attributes or entity.attribute_owner is None:
        return []
    types = metrica.attributes(entity.attribute_owner)
    found = []
    for attribute in attributes:
        type_name = types.get(attribute.name)
        is_other = type_name is not None and type_name.lower() != attribute.type_name
        if attribute.name not in types or is_other:
            found.append(Difference(entity, attribute, type_name))
    return found
