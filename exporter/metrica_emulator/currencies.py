"""The currencies in use, by ISO 4217."""

from babel.core import get_global
from babel.numbers import get_territory_currencies

CURRENCIES = frozenset(
    currency
    for territory in get_global("territory_currencies")
    for currency in get_territory_currencies(territory)
)
"""Money of a territory today (CLDR): neither withdrawn codes nor metals, funds and tests."""
