"""Whether a row can be sent: every rule, at its bounds, on real staging tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from metrica_export.checks.reasons import HELD, REASONS, REJECTED
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.checks.verdicts import find_problems
from metrica_export.delta.delta import Delta
from metrica_export.metrica.formats import DEFAULT_STATUSES, MODES, Attribute, Kind
from metrica_export.settings import DbtSettings, Form, Limits
from metrica_export.warehouse.dbt_manifest import Marts
from metrica_export.warehouse.session import Session, open_session

from tests.support.marts_fixture import COLUMNS, CONTACT, KEYS, ORDER, OWN, make_marts

MAIL_MD5 = "3c56ff8fef0f6c65b36b2d25720fe276"
PHONE_MD5 = "f09f2c3d48f31e2a802944ade2e5aec5"
LONG = 255


def some(count: int, form: str) -> str:
    """Return that many different values of a list."""
    return ",".join(form.format(1000 + i) for i in range(count))


GOOD: dict[str, dict[str, Any]] = {
    "order_statuses": {"id": "paid", "type": "PAID"},
    "products": {"name": "p1", "humanized": "Груша"},
    "contacts": {"uniq_id": "c1"} | CONTACT,
    "orders": {"id": "o1", "client_uniq_id": "known"} | ORDER,
}
"""One row of each mart that can be sent; a case changes one cell of it."""

OF_ANY_ID: list[tuple[object, str | None]] = [
    ("1", None),
    ("J3QQ4-H7H2V", None),
    ("заказ № 1/ж", None),
    ("a,b;c\"d'e\\f", None),
    ("😀", None),
    ("a\u00a0b", None),
    ("a" * LONG, None),
    ("я" * LONG, None),
    ("a" * (LONG + 1), "id_malformed"),
    (" ", "id_malformed"),
    (" a", "id_malformed"),
    ("a ", "id_malformed"),
    ("a\u00a0", "id_malformed"),
    ("a\nb", "id_malformed"),
    ("a\tb", "id_malformed"),
    ("a\rb", "id_malformed"),
    ("a\x00b", "id_malformed"),
    ("a\u200bb", "id_malformed"),
    ("a\u2028b", "id_malformed"),
    ("\ufeffa", "id_malformed"),
    ("", "value_missing"),
    (None, "value_missing"),
]
OF_ANY_NAME: list[tuple[object, str | None]] = [
    ("a", None),
    ("A-z_0:9", None),
    ("a" * LONG, None),
    ("a" * (LONG + 1), "name_malformed"),
    ("оплачен", "name_malformed"),
    ("in progress", "name_malformed"),
    ("a.b", "name_malformed"),
    ("a\n", "name_malformed"),
    (" a", "name_malformed"),
    ("", "value_missing"),
    (None, "value_missing"),
]
OF_ANY_TIME: list[tuple[object, str | None]] = [
    ("1970-01-01 00:00:00", None),
    ("9999-12-31 23:59:59", None),
    ("2026-02-28 23:59:59", None),
    ("1969-12-31 23:59:59", "date_out_of_range"),
    ("10000-01-01 00:00:00", "date_out_of_range"),
    ("0044-03-15 (BC) 12:00:00", "date_out_of_range"),
    ("infinity", "date_out_of_range"),
    ("-infinity", "date_out_of_range"),
]
OF_ANY_MD5: list[tuple[object, str | None]] = [
    (MAIL_MD5, None),
    (f"{MAIL_MD5},{PHONE_MD5}", None),
    (MAIL_MD5.upper(), "md5_malformed"),
    (MAIL_MD5[:-1], "md5_malformed"),
    (MAIL_MD5 + "0", "md5_malformed"),
    (MAIL_MD5[:-1] + "g", "md5_malformed"),
    (f"{MAIL_MD5}, {PHONE_MD5}", "md5_malformed"),
    (f"{MAIL_MD5};{PHONE_MD5}", "md5_malformed"),
    (f"{MAIL_MD5},", "md5_malformed"),
    (some(50, f"{MAIL_MD5[:-4]}{{}}"), None),
    (some(51, f"{MAIL_MD5[:-4]}{{}}"), "too_many_values"),
    (f"{MAIL_MD5},{MAIL_MD5}", "values_repeated"),
]

VALUES: dict[tuple[str, str], list[tuple[object, str | None]]] = {
    ("order_statuses", "id"): OF_ANY_NAME,
    ("order_statuses", "type"): [
        *((kind, None) for kind in ("IN_PROGRESS", "PAID", "CANCELLED", "SPAM", "OTHER")),
        ("CANCELED", "type_unknown"),
        ("paid", "type_unknown"),
        ("PAID ", "type_unknown"),
        ("PAID|SPAM", "type_unknown"),
        ("", "value_missing"),
        (None, "value_missing"),
    ],
    ("order_statuses", "humanized"): [
        ("Оплачен", None),
        ("ж" * 4096, None),
        ("ж" * 4097, "humanized_too_long"),
    ],
    ("order_statuses", "goal_action_ids"): [
        ("dostavka", None),
        ("цель-1,goal_2", None),
        (",".join(f"g{i}" for i in range(10)), None),
        (",".join(f"g{i}" for i in range(11)), "goal_ids_malformed"),
        ("a,a", "goal_ids_malformed"),
        ("a, b", "goal_ids_malformed"),
        ("a:1", "goal_ids_malformed"),
        ("a,", "goal_ids_malformed"),
        (",", "goal_ids_malformed"),
        (" ", "goal_ids_malformed"),
    ],
    ("products", "name"): OF_ANY_NAME,
    ("products", "humanized"): [
        ('Ноутбук TGDD12; 15"', None),
        ("x" * 4096, None),
        ("x" * 4097, "humanized_too_long"),
    ],
    ("contacts", "uniq_id"): OF_ANY_ID,
    ("contacts", "name"): [('Анна\n"Ли"; 1,2', None), ("x" * 10_000, None), (" ", None)],
    ("contacts", "create_date_time"): OF_ANY_TIME,
    ("contacts", "birth_date"): [
        ("1970-01-01", None),
        ("9999-12-31", None),
        ("2024-02-29", None),
        ("1969-12-31", "date_out_of_range"),
        ("10000-01-01", "date_out_of_range"),
        ("5874897-12-31", "date_out_of_range"),
        ("5877642-06-25 (BC)", "date_out_of_range"),
        ("infinity", "date_out_of_range"),
        ("-infinity", "date_out_of_range"),
    ],
    ("contacts", "client_ids"): [
        ("1", None),
        ("12345678910,10987654321", None),
        ("18446744073709551615", None),
        ("1" * 20, None),
        ("1" * 21, "client_ids_malformed"),
        ("123a", "client_ids_malformed"),
        ("1.2", "client_ids_malformed"),
        ("1e5", "client_ids_malformed"),
        ("-1", "client_ids_malformed"),
        ("1, 2", "client_ids_malformed"),
        ("1,,2", "client_ids_malformed"),
        ("1,", "client_ids_malformed"),
        (some(500, "{}"), None),
        (some(501, "{}"), "too_many_values"),
        ("1,2,1", "values_repeated"),
        ("\u0661\u0662", "client_ids_malformed"),
    ],
    ("contacts", "emails"): [
        ("mail@yandex.ru", None),
        ("mail@example.com,mail2@example.com", None),
        ("first.last+tag@sub.example.co.uk", None),
        ("o'brien_1@xn--80ak6aa92e.com", None),
        ("o'neil/!#$%&*+-=?^_`{|}~.1@example.com", None),
        ("Mail@yandex.ru", "emails_malformed"),
        ("mail@Yandex.ru", "emails_malformed"),
        ("почта@yandex.ru", "emails_malformed"),
        ("mail@яндекс.рф", "emails_malformed"),
        ("mail@localhost", "emails_malformed"),
        ("mail@example..com", "emails_malformed"),
        ("mail@.com", "emails_malformed"),
        ("mail@example.com.", "emails_malformed"),
        ("@example.com", "emails_malformed"),
        ("mail.example.com", "emails_malformed"),
        ("a@b@example.com", "emails_malformed"),
        ("a@b.ru, c@d.ru", "emails_malformed"),
        ("a@b.ru;c@d.ru", "emails_malformed"),
        ("Anna <anna@b.ru>", "emails_malformed"),
        ("a@b.ru,", "emails_malformed"),
        ("a@b.ru\n", "emails_malformed"),
        (some(50, "a{}@b.ru"), None),
        (some(51, "a{}@b.ru"), "too_many_values"),
        ("a@b.ru,a@b.ru", "values_repeated"),
    ],
    ("contacts", "phones"): [
        ("79995551111", None),
        ("79876543210,79991234567", None),
        ("1234567", None),
        ("123456789012345", None),
        ("123456", "phones_malformed"),
        ("1234567890123456", "phones_malformed"),
        ("+79995551111", "phones_malformed"),
        ("7 (999) 555-11-11", "phones_malformed"),
        ("0079995551111", "phones_malformed"),
        ("79995551111, 79876543210", "phones_malformed"),
        ("79995551111;79876543210", "phones_malformed"),
        (some(50, "7999555{}"), None),
        (some(51, "7999555{}"), "too_many_values"),
        ("79995551111,79995551111", "values_repeated"),
        ("79995551111,", "phones_malformed"),
        ("\u0667\u0669\u0669\u0669\u0665\u0665\u0665", "phones_malformed"),
    ],
    ("contacts", "emails_md5"): OF_ANY_MD5,
    ("contacts", "phones_md5"): OF_ANY_MD5,
    ("contacts", "identifiers_count"): [(0, None), (-1, None), (2**31 - 1, None)],
    ("orders", "id"): OF_ANY_ID,
    ("orders", "client_uniq_id"): [
        ("known", None),
        ("заказчик", "contact_unknown"),
        ("judged", "contact_unsendable"),
        ("a" * (LONG + 1), "id_malformed"),
        ("known\n", "id_malformed"),
        ("", "value_missing"),
        (None, "value_missing"),
    ],
    ("orders", "client_type"): [
        ("CONTACT", None),
        ("COMPANY", "client_type_unknown"),
        ("contact", "client_type_unknown"),
        ("", "value_missing"),
        (None, "value_missing"),
    ],
    ("orders", "create_date_time"): [*OF_ANY_TIME, (None, "value_missing")],
    ("orders", "finish_date_time"): OF_ANY_TIME,
    ("orders", "order_status"): [
        *((status, None) for status in DEFAULT_STATUSES),
        ("mapped:1", None),
        ("OTHER", "status_unknown"),
        ("CANCELED", "status_unknown"),
        ("paid", "status_unknown"),
        ("unmapped:PAID", "status_unmapped"),
        ("unmapped:не оплачен", "status_unmapped"),
        ("unmapped:mapped", "status_unmapped"),
        ("не оплачен", "name_malformed"),
        ("a" * (LONG + 1), "name_malformed"),
        # An empty status would become PAID (maporderstatuses-about).
        ("", "value_missing"),
        (None, "value_missing"),
    ],
    ("orders", "revenue"): [("43089.54", None), ("0", None), ("-1.50", None)],
    ("orders", "cost"): [
        ("0.01", None),
        ("9223372036854.00", None),
        ("9223372036854.01", "amount_too_large"),
        ("9999999999999999.99", "amount_too_large"),
        ("-9223372036854.01", "amount_too_large"),
    ],
    ("orders", "currency"): [
        ("RUB", None),
        ("EUR", None),
        ("BYN", None),
        ("KZT", None),
        ("RUR", "currency_unknown"),
        ("BYR", "currency_unknown"),
        ("HRK", "currency_unknown"),
        ("XXX", "currency_unknown"),
        ("XTS", "currency_unknown"),
        ("XAU", "currency_unknown"),
        ("BTC", "currency_unknown"),
        ("rub", "currency_unknown"),
        ("RU", "currency_unknown"),
        ("RUBL", "currency_unknown"),
        ("₽", "currency_unknown"),
        ("РУБ", "currency_unknown"),
    ],
    ("orders", "goals"): [
        ("goal_action_id_2", None),
        ("oplata_cash:200,filial_1", None),
        ("goal:1000.50", None),
        ("goal:1,5", None),
        ("goal:", "goals_malformed"),
        ("goal:-1", "goals_malformed"),
        ("goal:1:2", "goals_malformed"),
        ("goal:.5", "goals_malformed"),
        ("goal:1e3", "goals_malformed"),
        (":5", "goals_malformed"),
        ("a, b", "goals_malformed"),
        ("a;b", "goals_malformed"),
        (some(100, "g{}"), None),
        (some(101, "g{}"), "too_many_values"),
        ("a,a:1", "values_repeated"),
        ("a,", "goals_malformed"),
    ],
    ("orders", "products"): [
        ("p1:1", None),
        ("p-1:2,P_2:30", None),
        ("p1", "products_malformed"),
        ("p1:0", "products_malformed"),
        ("p1:01", "products_malformed"),
        ("p1:-1", "products_malformed"),
        ("p1:1.5", "products_malformed"),
        ("p:1:1", "products_malformed"),
        ("Ноутбук:1", "products_malformed"),
        ("p 1:1", "products_malformed"),
        ("p1:1, p2:1", "products_malformed"),
        ("p1:1;p2:1", "products_malformed"),
        ("p1:1,p1:2", "values_repeated"),
        ("p1:1,", "products_malformed"),
        (":1", "products_malformed"),
    ],
    ("orders", "items_count"): [(0, None), (2**31 - 1, None)],
}
"""Values of a column, each with the reason that it gives, or None."""

CASES = [
    pytest.param(mart, column, place, reason, id=f"{mart}-{column}-{str(value)[:20]!r}")
    for (mart, column), values in VALUES.items()
    for place, (value, reason) in enumerate(values)
]
OUTSIDE = {
    "contact_unknown",
    "contact_unsendable",
    "status_unknown",
    "status_unmapped",
    "id_duplicated",
}
"""Reasons that lie outside of the row, so that it is held."""
OF_THE_MART = {"hash_missing", "hash_malformed", "id_duplicated"}
"""Reasons that no single value gives."""
LATER = {
    "date_in_future",
    "window_past",
    "path_malformed",
    "identifier_missing",
    "row_too_large",
    "refused_by_metrica",
    "refused_with_others",
    "outcome_unknown",
    "steps_left",
}
"""Reasons of other settings, of cutting and of uploading; the tests of those give them."""

Verdict = tuple[str, str, str]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Return a session over empty marts, with what orders are compared with."""
    made = make_marts(tmp_path_factory.mktemp("marts"), None)
    with open_session(DbtSettings(made.folder, made.folder)) as opened:
        lacking = "values ('заказчик', false), ('judged', true)"
        opened.wh.run(f"create table missing_contacts as from ({lacking}) t (_id, _has_verdict)")
        known = ", ".join(f"('{status}')" for status in (*DEFAULT_STATUSES, "mapped:1"))
        opened.wh.run(f"create table accepted_statuses as from (values {known}) t (_id)")
        yield opened


def staged_mart(session: Session, name: str, rows: int) -> StagedMart:
    mart = session.marts.get(name)
    delta = Delta(mart, rows, rows, 0, 0, None)
    now = "timestamp '9999-12-31 23:59:59'"
    return StagedMart(mart, delta, rows, Limits(), Form(), {}, now=now)


def judge(
    session: Session, mart: str, rows: Sequence[Mapping[str, Any]], **types: str
) -> dict[int, Verdict]:
    """Stage rows and return the verdicts by a row's place; `types` stand for the columns' own.

    A row without a `_hash` gets one.
    """
    columns = COLUMNS[mart] | OWN.get(mart, {}) | types
    typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    session.wh.run(f"create or replace table staged_{mart} (_id text, _hash text, {typed})")
    marks = ", ".join("?" * (len(columns) + 2))
    for place, row in enumerate(rows):
        cells = [row[KEYS[mart]], row.get("_hash", f"{place:032x}"), *map(row.get, columns)]
        session.wh.run(f"insert into staged_{mart} values ({marks})", cells)
    session.wh.run(
        f"create or replace table delivered_state_{mart} "
        "(_row bigint, _delivered boolean, _created timestamp)"
    )
    find_problems(session.wh, staged_mart(session, mart, len(rows)))
    found = session.wh.rows(f"select _row, _state, _column, _reason from problems_{mart}")
    assert len({place for place, *_ in found}) == len(found)
    return {place: (state, column, reason) for place, state, column, reason in found}


@pytest.fixture(scope="module")
def verdicts(session: Session) -> dict[tuple[str, str, int], Verdict | None]:
    """Judge all values of a mart at once; returns the verdicts by mart, column and place."""
    found: dict[tuple[str, str, int], Verdict | None] = {}
    for mart, good in GOOD.items():
        cases = [
            (column, place, value)
            for (its, column), values in VALUES.items()
            if its == mart
            for place, (value, _) in enumerate(values)
        ]
        # Each with an id of its own, for all would be duplicates.
        rows = [good | {KEYS[mart]: f"row-{i}"} | {c: v} for i, (c, _, v) in enumerate(cases)]
        judged = judge(session, mart, rows)
        found |= {(mart, c, place): judged.get(i) for i, (c, place, _) in enumerate(cases)}
    return found


@pytest.mark.parametrize(("mart", "column", "place", "reason"), CASES)
def test_rules_value_is_let_through_or_gives_its_reason(
    verdicts: dict[tuple[str, str, int], Verdict | None],
    mart: str,
    column: str,
    place: int,
    reason: str | None,
) -> None:
    state = HELD if reason in OUTSIDE else REJECTED
    expected = None if reason is None else (state, column, reason)
    assert verdicts[mart, column, place] == expected


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize("mart", GOOD)
def test_nothing_is_said_of_optional_values_that_are_absent(
    session: Session, mart: str, empty: str | None
) -> None:
    entity = session.marts.get(mart).entity
    optional = {
        column: empty if kind == "text" else None
        for column, kind in COLUMNS[mart].items()
        if (own := entity.column(column)) is None or not own.required
    }
    assert optional
    assert judge(session, mart, [GOOD[mart], GOOD[mart] | {KEYS[mart]: "x"} | optional]) == {}


@pytest.mark.parametrize("mart", GOOD)
def test_each_required_value_is_missed_when_it_is_absent(session: Session, mart: str) -> None:
    columns = [column.name for column in session.marts.get(mart).columns if column.required]
    rows = [GOOD[mart] | {KEYS[mart]: f"row-{i}"} | {c: None} for i, c in enumerate(columns)]
    assert judge(session, mart, rows) == {
        i: (REJECTED, column, "value_missing") for i, column in enumerate(columns)
    }


@pytest.mark.parametrize("mart", GOOD)
def test_rules_row_without_a_hash_cannot_be_followed(session: Session, mart: str) -> None:
    found = judge(session, mart, [GOOD[mart] | {"_hash": None}])
    assert found == {0: (REJECTED, "row_hash", "hash_missing")}


@pytest.mark.parametrize("mart", GOOD)
def test_hash_that_is_no_md5_is_rejected_as_malformed(session: Session, mart: str) -> None:
    hashes = ["", "a\0b", "h" * 32, "a" * 31, "a" * 33, "A" * 32, "a" * 31 + "\n", "0123456789" * 4]
    hashes += ["12345678-1234-1234-1234-123456789012", "{" + "a" * 30 + "}", "0a1b2c3d" * 4]
    rows = [GOOD[mart] | {KEYS[mart]: f"row-{i}", "_hash": h} for i, h in enumerate(hashes)]
    malformed = (REJECTED, "row_hash", "hash_malformed")
    assert judge(session, mart, rows) == dict.fromkeys(range(len(rows) - 1), malformed)


@pytest.mark.parametrize("mart", GOOD)
def test_all_rows_of_a_duplicated_id_are_held_and_no_others(session: Session, mart: str) -> None:
    key = KEYS[mart]
    rows = [GOOD[mart] | {key: value} for value in ("a", "b", "a", "c", "d", "d", "d", None, None)]
    again = (HELD, key, "id_duplicated")
    missing = (REJECTED, key, "value_missing")
    expected = dict.fromkeys((0, 2, 4, 5, 6), again) | dict.fromkeys((7, 8), missing)
    assert judge(session, mart, rows) == expected


def test_rules_first_reason_in_the_marts_order_counts(session: Session) -> None:
    bad = {"client_ids": "x", "emails": "x", "phones": "x"}
    rows = [GOOD["contacts"] | bad, GOOD["contacts"] | bad | {"uniq_id": None, "_hash": None}]
    assert judge(session, "contacts", rows) == {
        0: (REJECTED, "client_ids", "client_ids_malformed"),
        1: (REJECTED, "uniq_id", "value_missing"),
    }


@pytest.mark.parametrize("mart_column", [("orders", "revenue"), ("contacts", "identifiers_count")])
@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("double", ["0.5", "-1", "100"], ["nan", "inf", "-inf", "1e300", "1e-9"]),
        ("text", ["0.5", "-1", "100", ""], ["1,5", "1 000", "5 ₽", "x", "1e3", ".5", "1.", "+1"]),
        ("boolean", [], ["true", "false"]),
    ],
)
def test_rules_number_of_any_type_is_written_as_digits_or_rejected(
    session: Session, mart_column: tuple[str, str], kind: str, good: list[str], bad: list[str]
) -> None:
    mart, column = mart_column
    values = [*good, *bad]
    rows = [GOOD[mart] | {KEYS[mart]: f"row-{i}", column: v} for i, v in enumerate(values)]
    found = judge(session, mart, rows, **{column: kind})
    expected = (REJECTED, column, "number_malformed")
    assert found == dict.fromkeys(range(len(good), len(values)), expected)


def test_rules_id_may_be_a_number(session: Session) -> None:
    rows = [GOOD["contacts"] | {"uniq_id": i} for i in (1, 2**40)]
    assert judge(session, "contacts", rows, uniq_id="bigint") == {}


def test_rules_list_of_an_attribute_has_each_value_once(session: Session) -> None:
    attributes = (
        Attribute("colours", "text", "Colours", multivalued=True),
        Attribute("note", "text", "Note", multivalued=False),
    )
    values = [("red,blue", "no,no"), (None, "no,no"), ("", ""), ("red,red", "no"), ("a,b,a", "no")]
    rows = [
        GOOD["contacts"] | {"uniq_id": f"row-{i}", "colours": colours, "note": note}
        for i, (colours, note) in enumerate(values)
    ]
    contacts = replace(session.marts.get("contacts"), attributes=attributes)
    with_lists = replace(session, marts=Marts((contacts,)))
    repeated = (REJECTED, "colours", "values_repeated")
    found = judge(with_lists, "contacts", rows, colours="text", note="text")
    assert found == {3: repeated, 4: repeated}


def test_every_kind_of_column_has_its_values_here() -> None:
    kinds = {
        column.kind
        for entity in MODES["detailed"]
        for column in entity.columns
        if (entity.name, column.name) in VALUES
    }
    # The marts' own attributes are numbers.
    assert kinds | {Kind.NUMBER} == set(Kind)


def test_every_reason_is_given_by_a_rule_or_later_on() -> None:
    by_value = {reason for values in VALUES.values() for _, reason in values if reason}
    assert by_value | OF_THE_MART | LATER | {"number_malformed"} == set(REASONS)


def test_every_reason_is_explained_in_one_sentence() -> None:
    for reason, explanation in REASONS.items():
        assert reason.isidentifier()
        assert explanation[0].isupper()
        assert explanation.endswith(".")
    assert len(set(REASONS.values())) == len(REASONS)
