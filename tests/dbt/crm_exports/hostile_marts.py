"""The contacts and orders that the marts have because of the hostile rows."""

from tests.dbt.crm_exports.expected import Rows

CONTACTS: dict[str, Rows] = {
    "bitrix24": {
        "506": ("Битый", None, None, None, None),
        "507": ("Пустой", None, None, None, None),
        "508": ("Две", None, None, None, "79995551108"),
    },
    "amocrm": {
        "606": ("Битый", None, None, None, None),
        "607": ("Пустой", None, None, None, None),
        "608": ("Половина", None, None, None, None),
    },
    "retailcrm": {"order:9110": (None, None, None, None, "79995553310")},
    "hubspot": {},
}
ORDERS: dict[str, Rows] = {
    "bitrix24": {"1013": ("506", None, None, "unmapped:UC_GONE", None, "RUB", None, None)},
    "amocrm": {
        "2009": (None, "2026-01-28T14:33:20", None, "7001:3301", "100.00", "RUB", None, None),
        "2010": ("601", "2026-01-28T14:33:20", None, "7001:143:spam", None, "RUB", None, None),
    },
    "retailcrm": {
        "9109": ("35", "2026-02-03T09:00:00", None, "new", None, "RUB", None, None),
        "9110": (
            *("order:9110", "2026-02-03T10:00:00", None, "prepayed", "50.00", "RUB"),
            *(None, "new,prepayed"),
        ),
    },
    # Contact 799 has not been loaded yet, and 706 is deleted.
    "hubspot": {
        "8010": (
            *("799", "2026-01-15T13:00:00", None, "default:contractsent", None, "RUB"),
            *(None, None),
        ),
    },
}
