"""The rows of the marts for each CRM's export, written by hand after the CRM's documentation.

The counter is in Moscow, three hours ahead of UTC.
"""

from typing import Any

Rows = dict[str, tuple[Any, ...]]

# name, birth_date, client_ids, emails, phones
CONTACTS: dict[str, Rows] = {
    "bitrix24": {
        "501": (
            "Ли Анна Сергеевна",
            "1990-05-01",
            "1767900001123456789",
            "anna@example.com",
            "79995551111,79995551112",
        ),
        # The ClientID and the e-mail of the lead that became deal 1010.
        "502": ("Лео", None, "1769970001444555666", "lead@example.com", None),
        "503": (
            "Иванова Мария",
            None,
            None,
            "m.ivanova@example.com,masha@example.com",
            "79995551112",
        ),
        "504": ("Иванова (дубль) Мария", None, "1767500001987654321", None, "79995551112"),
        "505": ("O'Neil", None, None, "neil@example.org", "442079460000"),
        "company:78": ("Фирма Клевер", None, None, "office@example.com", "79995551178"),
        # The deal's own ClientID comes before its lead's.
        "order:1003": ("Орлов Глеб", None, "1769950001555666777", None, "79995551171"),
    },
    "amocrm": {
        "601": (
            "Ирина Лях",
            None,
            "1768890001123456789",
            "ira@example.com",
            "79995552221,79995552222",
        ),
        "602": ("Пётр", None, None, None, None),
        "603": ("Фирма Ромашка бухгалтер", None, None, None, None),
        "605": ("Olga N", "1990-04-30", None, None, None),
        "company:802": ("Фирма Клевер", None, None, None, "79995552282"),
        "order:2003": (None, None, "1769490001555666777", None, None),
    },
    "retailcrm": {
        # With the e-mail of customer 34, who was merged into 31, and the phones of the orders.
        "31": (
            "Ким Сергей",
            "1985-03-08",
            "1767950001123456789",
            "s.kim@example.com,serg@example.com",
            "79995553331,79995553332,79995553339",
        ),
        "32": ("Нина", None, None, None, None),
        "33": ("Абаев Тимур", None, None, "timur@example.com", None),
        "35": ("Айгуль", None, None, "aigul@example.com", "77010000000"),
        "company:60": ("Фирма Вереск", None, None, None, None),
        "order:9103": (None, None, "1769920001555666777", None, None),
    },
    "hubspot": {
        "701": (
            "Eva Berg",
            None,
            "1767600001123456789",
            "e.b@example.org,eva.b@example.com,eva@example.com",
            "493023125000,79995554441",
        ),
        "702": ("Ivan", None, None, None, None),
        "703": ("Acme Buyer", None, None, "buy@example.com", "79995554443"),
        "705": ("Finance", None, None, "fin@example.com", None),
        "company:90": ("Clover GmbH", None, None, None, "493023125090"),
        "order:8003": (None, None, "1769900001555666777", None, None),
    },
}

# client_uniq_id, create_date_time, finish_date_time, order_status, revenue, currency, products,
# status_path
ORDERS: dict[str, Rows] = {
    "bitrix24": {
        "1001": (
            *("501", "2026-01-20T10:00:00", "2026-02-02T09:58:00", "WON", "15000.00", "RUB"),
            # md5 of `name:Доставка`: the line has no product.
            "450:3,md5-3ea08201ea236c399db2d67d2e4be0d6:1",
            "NEW,UC_OLDSTG,WON",
        ),
        "1002": (
            *("505", "2026-01-21T10:00:00", "2026-02-03T18:00:00", "C1:WON", "1200.50", "EUR"),
            *("451:1", "NEW,C1:NEW,C1:WON"),
        ),
        "1003": ("order:1003", "2026-02-01T23:30:00", None, "NEW", None, "RUB", None, None),
        "1004": ("503", "2026-01-22T10:00:00", None, "C1:UC_GHTRQ1", "30000.00", "RUB", None, None),
        "1005": ("502", "2026-01-23T10:00:00", None, "APOLOGY", "1.00", "RUB", None, None),
        "1006": (
            *("501", "2026-01-02T10:00:00", None, "UC_RETURN", "5000.00", "RUB"),
            *("450:1", "NEW,WON,UC_RETURN"),
        ),
        "1008": ("504", "2026-01-06T10:00:00", None, "EXECUTING", "700.00", "RUB", None, None),
        "1009": ("company:78", "2026-02-02T10:00:00", None, "NEW", "2500.00", "RUB", None, None),
        "1010": ("502", "2026-02-02T12:00:00", None, "NEW", None, "RUB", None, None),
        "1011": (None, "2026-02-02T13:00:00", None, "NEW", "10.00", "RUB", None, None),
    },
    "amocrm": {
        "2001": (
            *("601", "2026-01-20T12:06:40", "2026-02-02T02:53:20", "7001:142", "15000.00", "RUB"),
            *(None, "7001:3301,7001:3399,7001:142"),
        ),
        "2002": ("601", "2026-01-21T15:53:20", None, "7002:142", "15000.00", "RUB", None, None),
        "2003": ("order:2003", "2026-01-27T10:46:40", None, "7001:3301", None, "RUB", None, None),
        "2004": (
            *("602", "2026-01-21T02:00:00", "2026-01-25T03:13:20", "7001:143", "9000.00", "RUB"),
            *(None, "7001:3301,7001:143"),
        ),
        "2005": (
            *("605", "2026-01-21T04:46:40", "2026-01-22T19:40:00", "7001:143:spam", None, "RUB"),
            *(None, None),
        ),
        "2007": ("605", "2026-02-01T01:53:20", None, "7001:3300", None, "RUB", None, None),
        "2008": (
            *("company:802", "2026-01-28T14:33:20", None, "7001:3301", "700.00", "RUB"),
            *(None, None),
        ),
    },
    "retailcrm": {
        "9101": (
            *("31", "2026-01-30T23:45:00", "2026-02-02T18:00:00", "complete", "2300.00", "RUB"),
            *("p1:2", "new,complete"),
        ),
        "9102": (
            *("31", "2026-01-20T10:00:00", None, "return", "700.00", "RUB"),
            *("p2:1", "new,complete,return"),
        ),
        "9103": ("order:9103", "2026-02-01T09:00:00", None, "new", "0.00", "RUB", None, None),
        # Metrica accepts whole units.
        "9104": ("35", "2026-02-03T09:00:00", None, "prepayed", "81000.00", "KZT", "p1:2", None),
        "9106": ("32", "2026-01-15T10:00:00", None, "test-order", "1.00", "RUB", None, None),
        "9107": (
            *("company:60", "2026-01-16T10:00:00", None, "unmapped:old-waiting", "9000.00", "RUB"),
            *(None, None),
        ),
        # The history has no row, so the payment is its end.
        "9108": (
            *("company:60", "2026-01-19T10:00:00", "2026-01-19T15:00:00", "complete", "9000.00"),
            *("RUB", None, None),
        ),
    },
    "hubspot": {
        "8001": (
            *("701", "2026-01-10T13:00:00", "2026-02-01T15:00:00", "default:closedwon"),
            *("1500.00", "RUB", "p1:3", "default:appointmentscheduled,default:closedwon"),
        ),
        # The planned date is 31 March.
        "8002": (
            *("703", "2026-01-12T13:00:00", "2026-02-03T15:00:00", "725001:1076664462"),
            *("250.50", "EUR", "p2:1", "725001:1076664462"),
        ),
        "8003": (
            *("order:8003", "2026-02-03T00:30:00", None, "default:appointmentscheduled"),
            *(None, "RUB", None, None),
        ),
        "8004": (
            *("701", "2026-01-03T13:00:00", None, "default:closedlost", "700.00", "RUB"),
            # md5 of `name:Custom service`.
            "md5-fcc561c91662c50f3890ab7d0ced09b7:1",
            "default:closedwon,default:closedlost",
        ),
        "8006": (
            *("702", "2026-01-04T13:00:00", None, "default:closedlost:spam", "1.00", "RUB"),
            *(None, None),
        ),
        "8007": (
            *("701", "2026-01-14T13:00:00", None, "default:contractsent", "90000.00", "RUB"),
            *("p1:180", None),
        ),
        "8008": (
            *("company:90", "2026-01-15T13:00:00", None, "default:qualifiedtobuy", "320.00"),
            *("RUB", None, None),
        ),
    },
}

STATUSES: dict[str, dict[str, str]] = {
    "bitrix24": {
        "NEW": "IN_PROGRESS",
        "EXECUTING": "IN_PROGRESS",
        "WON": "PAID",
        "LOSE": "CANCELLED",
        "APOLOGY": "SPAM",
        "UC_RETURN": "CANCELLED",
        "C1:NEW": "IN_PROGRESS",
        "C1:UC_GHTRQ1": "IN_PROGRESS",
        "C1:WON": "PAID",
        # The dictionary lost it, and the history says that it was not final.
        "UC_OLDSTG": "IN_PROGRESS",
    },
    "amocrm": {
        "7001:3300": "IN_PROGRESS",
        "7001:3301": "IN_PROGRESS",
        "7001:3302": "IN_PROGRESS",
        "7001:3399": "IN_PROGRESS",
        "7001:142": "PAID",
        "7001:143": "CANCELLED",
        "7001:143:spam": "SPAM",
        "7002:3401": "IN_PROGRESS",
        "7002:142": "OTHER",
        "7002:143": "CANCELLED",
        "7002:143:spam": "SPAM",
    },
    "retailcrm": {
        "new": "IN_PROGRESS",
        "prepayed": "IN_PROGRESS",
        "delivering": "IN_PROGRESS",
        "complete": "PAID",
        "return": "CANCELLED",
        "cancel-other": "CANCELLED",
        "test-order": "SPAM",
    },
    "hubspot": {
        "default:appointmentscheduled": "IN_PROGRESS",
        "default:qualifiedtobuy": "IN_PROGRESS",
        "default:contractsent": "IN_PROGRESS",
        "default:closedwon": "PAID",
        "default:closedlost": "CANCELLED",
        "default:closedlost:spam": "SPAM",
        "725001:1076664462": "PAID",
    },
}

PRODUCTS: dict[str, set[str]] = {
    "bitrix24": {"Груша", "Доставка", "Pear box"},
    "amocrm": set(),
    "retailcrm": {"Груша", "Яблоко"},
    "hubspot": {"Pear", "Box", "Custom service"},
}
