"""The orders that could have had a visit, by the channel that a custom attribute holds."""

from dataclasses import dataclass

from metrica_export.errors import SettingsError
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql import name, quote


@dataclass(frozen=True, slots=True)
class OnlineOrders:
    """The values of a custom attribute that mark an order with a possible visit."""

    attribute: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "OnlineOrders":
        """Read `attribute=value,value`. Raises SettingsError for another form."""
        attribute, equals, listed = text.partition("=")
        values = tuple(value.strip() for value in listed.split(",") if value.strip())
        if not equals or not attribute.strip() or not values:
            raise SettingsError(
                f"--online-orders {text!r}: give an attribute of orders and its values, for "
                "example channel=site,app."
            )
        return cls(attribute.strip(), values)

    def condition(self, orders: Mart, alias: str) -> str:
        """Return SQL over the orders mart. Raises SettingsError if it lacks the attribute."""
        attributes = [attribute.name for attribute in orders.attributes]
        if self.attribute not in attributes:
            has = ", ".join(attributes) or "none"
            raise SettingsError(
                f"--online-orders: mart {orders.name} has no custom attribute "
                f"{self.attribute!r}. It has {has}."
            )
        listed = ", ".join(map(quote, self.values))
        return f"coalesce(cast({alias}.{name(self.attribute)} as text) in ({listed}), false)"
