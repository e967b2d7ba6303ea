"""Rules of values, kind by kind."""

import hashlib
from typing import Any

import pytest
from metrica_emulator import cells
from metrica_emulator.cells import BadValue, Reader

emails = cells.list_of(cells.email)
phones = cells.list_of(cells.phone)
md5s = cells.list_of(cells.md5)
client_ids = cells.list_of(cells.client_id)


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        (cells.moment, "2026-02-03 04:05:06", "2026-02-03 04:05:06"),
        (cells.moment, "2026-02-03 04:05", "2026-02-03 04:05:00"),
        (cells.moment, "03.02.2026 04:05:06", "2026-02-03 04:05:06"),
        (cells.moment, "03.02.2026 04:05", "2026-02-03 04:05:00"),
        (cells.moment, "03.02.26 04:05:06", "2026-02-03 04:05:06"),
        (cells.moment, "03.02.26 04:05", "2026-02-03 04:05:00"),
        (cells.moment, "1970-01-01 00:00:00", "1970-01-01 00:00:00"),
        (cells.moment, "2024-02-29 23:59:59", "2024-02-29 23:59:59"),
        (cells.moment_or_day, "12.02.2024", "2024-02-12 23:59:00"),
        (cells.day, "12.02.2024", "2024-02-12"),
        (cells.day, "12.02.70", "1970-02-12"),
        (cells.day, "2024-02-12", "2024-02-12"),
        (cells.money, "43089.54", 43089.54),
        (cells.money, "-1", -1.0),
        (cells.money, "0", 0.0),
        (cells.currency, "EUR", "EUR"),
        (cells.identifier, "Ж" * 255, "Ж" * 255),
        (emails, "mail@yandex.ru", ["mail@yandex.ru"]),
        (emails, "b@c.de,a@c.de,b@c.de", ["b@c.de", "a@c.de"]),
        (emails, "o'neil/!#$%&*+-=?^_`{|}~.1@c.de", ["o'neil/!#$%&*+-=?^_`{|}~.1@c.de"]),
        (phones, "79995551111,4930123456", ["79995551111", "4930123456"]),
        (client_ids, "12345678901234567890", ["12345678901234567890"]),
        (cells.goals, "oplata_cash:200,filial_1", {"oplata_cash": 200.0, "filial_1": None}),
        (cells.products, "a:1,b-2:30", {"a": 1, "b-2": 30}),
        (cells.products, "size:L:2", {"size:L": 2}),
        # The widest values; each bound has its neighbour among the bad ones.
        (cells.day, "12.02.69", "2069-02-12"),
        (cells.moment_or_day, "12.02.2024 04:05", "2024-02-12 04:05:00"),
        (cells.client_type, "CONTACT", "CONTACT"),
        (cells.name, "Az_0:-" + "a" * 249, "Az_0:-" + "a" * 249),
        (cells.money, "9" * 18, 1e18),
        (cells.money, "0." + "0" * 17 + "1", 1e-18),
        (cells.amount, "9223372036854", 9223372036854.0),
        (cells.amount, "-9223372036854", -9223372036854.0),
        (emails, f"{'a' * 64}@{'b' * 63}.{'c' * 63}", [f"{'a' * 64}@{'b' * 63}.{'c' * 63}"]),
        (emails, "a@b.c", ["a@b.c"]),
        (cells.goals, "a" * 255, {"a" * 255: None}),
        (cells.products, "a:999999999", {"a": 999_999_999}),
    ],
)
def test_cells_good_value_is_read(reader: Reader, text: str, value: Any) -> None:  # noqa: ANN401
    assert reader(text) == value


@pytest.mark.parametrize(
    ("reader", "text", "reason"),
    [
        (cells.moment, "2026-02-03T04:05:06", "bad_datetime"),
        (cells.moment, "2026-02-03 04:05:06Z", "bad_datetime"),
        (cells.moment, "2026-02-03 04:05:06.000", "bad_datetime"),
        (cells.moment, "2026-02-03 04:05:06+03", "bad_datetime"),
        (cells.moment, "2026-2-3 4:05:06", "bad_datetime"),
        (cells.moment, "1770091506", "bad_datetime"),
        (cells.moment, "2026-02-03", "bad_datetime"),
        (cells.moment, "\uff12026-02-03 04:05:06", "bad_datetime"),
        (cells.moment, "2026-02-30 04:05:06", "no_such_date"),
        (cells.moment, "2026-02-03 24:00:00", "no_such_time"),
        (cells.moment, "1969-12-31 23:59:59", "before_1970"),
        (cells.day, "31.12.1969", "before_1970"),
        (cells.day, "2024-02-12 00:00:00", "bad_date"),
        (cells.money, "43089,54", "bad_number"),
        (cells.money, "1 000", "bad_number"),
        (cells.money, "1e3", "bad_number"),
        (cells.money, "100 \u20bd", "bad_number"),
        (cells.money, "nan", "bad_number"),
        (cells.money, ".5", "bad_number"),
        (cells.currency, "RUR", "bad_currency"),
        (cells.currency, "rub", "bad_currency"),
        (cells.identifier, "x" * 256, "too_long"),
        (cells.identifier, "a\nb", "not_printable"),
        (cells.client_type, "contact", "bad_client_type"),
        (cells.name, "новый", "bad_name"),
        (cells.name, "in progress", "bad_name"),
        (emails, "Mail@yandex.ru", "bad_email"),
        (emails, "почта@yandex.ru", "bad_email"),
        (emails, "mail@yandex", "bad_email"),
        (emails, "a@b.ru, c@d.ru", "bad_email"),
        (emails, "a@b.ru,", "bad_email"),
        (phones, "+79995551111", "bad_phone"),
        (phones, "7 (999) 555-11-11", "bad_phone"),
        (phones, "0711123456", "bad_phone"),
        (phones, "123456", "bad_phone"),
        (phones, "1234567890123456", "bad_phone"),
        (md5s, "F09F2C3D48F31E2A802944ADE2E5AEC5", "bad_md5"),
        (md5s, "f09f2c3d48f31e2a802944ade2e5aec", "bad_md5"),
        (client_ids, "1.23E+18", "bad_client_id"),
        (cells.goals, "goal:", "bad_number"),
        (cells.goals, ":5", "bad_goal"),
        (cells.goals, "a, b", "bad_goal"),
        (cells.goals, "a:1,a:2", "goal_twice"),
        (cells.products, "a", "bad_quantity"),
        (cells.products, "a:0", "bad_quantity"),
        (cells.products, "a:1.5", "bad_quantity"),
        (cells.products, "a:1, b:1", "bad_product"),
        (cells.products, "a:1,a:2", "product_twice"),
        (cells.products, "Ноутбук TGDD12:1", "bad_product"),
        (cells.moment, "2026-02-03 23:60:00", "no_such_time"),
        (cells.moment, "2026-02-03 23:59:60", "no_such_time"),
        (cells.moment, "2026-02-03 04:5:06", "bad_datetime"),
        (cells.moment, "2026-02-03 04:05:6", "bad_datetime"),
        (cells.day, "2026-2-03", "bad_date"),
        (cells.day, "3.02.2026", "bad_date"),
        (cells.name, "a" * 256, "bad_name"),
        (cells.name, "", "bad_name"),
        (cells.money, "1" + "0" * 18, "bad_number"),
        (cells.money, "0." + "0" * 19, "bad_number"),
        (cells.amount, "9223372036854.01", "too_large"),
        (cells.amount, "-9223372036854.01", "too_large"),
        (emails, f"{'a' * 65}@b.ru", "bad_email"),
        (emails, "@b.ru", "bad_email"),
        (emails, "a@.ru", "bad_email"),
        (emails, f"a@{'b' * 64}.ru", "bad_email"),
        (emails, f"a@b.{'c' * 64}", "bad_email"),
        (md5s, "f09f2c3d48f31e2a802944ade2e5aec50", "bad_md5"),
        (client_ids, "1" * 21, "bad_client_id"),
        (cells.goals, "a" * 256, "too_long"),
        (cells.goals, " a", "bad_goal"),
        (cells.products, "a:1000000000", "bad_quantity"),
    ],
)
def test_cells_bad_value_has_a_reason_without_the_value(
    reader: Reader, text: str, reason: str
) -> None:
    with pytest.raises(BadValue) as caught:
        reader(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("plain", "hashed"),
    [
        ("mail@yandex.ru", "3c56ff8fef0f6c65b36b2d25720fe276"),
        ("79995551111", "f09f2c3d48f31e2a802944ade2e5aec5"),
        ("79876543210", "5c5259938ed3e632bc5e3f94731090af"),
    ],
)
def test_cells_reference_hashes_of_the_documentation_are_accepted(plain: str, hashed: str) -> None:
    assert hashlib.md5(plain.encode()).hexdigest() == hashed  # noqa: S324 - Metrica's choice
    assert md5s(hashed) == [hashed]
