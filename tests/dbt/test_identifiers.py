"""Identifiers in columns of every type, and what of them is left out."""

import pytest

from tests.dbt import crm
from tests.dbt.conftest import ENGINES, Warehouses
from tests.dbt.warehouse import Outcome, Warehouse

MANY = 60
# Without the tests that ask other marts too.
SELECTED = ("--select", "+contacts", "+left_out", "--indirect-selection", "cautious")
LEFT_OUT = "select kind, reason, left_out, total from metrica_work.left_out order by 1, 2"
PHONES = """select contact_id, identifier, reason from metrica_work.int_contact_identifiers
    where kind = 'phone' order by 1"""


def identifiers(kind: str, contact: str, count: int, value: str) -> str:
    """Return the statement that adds identifiers from the newest to one without a date."""
    return f"""insert into crm.contact_identifiers
        select '{contact}', '{kind}', {value},
            case when n < {count} then
                cast('2026-03-01 00:00:00+00' as timestamptz) - n * interval '1 day'
            end
        from (select unnest(array[{",".join(map(str, range(1, count + 1)))}]) as n) as numbers"""


@pytest.fixture(scope="module")
def typed_on(warehouses: Warehouses) -> dict[str, tuple[Warehouse, Outcome]]:
    """Return a CRM whose columns are numbers, arrays and JSON, built once on each engine."""
    both = {}
    for engine in ENGINES:
        warehouse = warehouses.make(engine)
        json = {"duckdb": "json", "postgres": "jsonb"}[engine]
        warehouse.run(
            "alter table crm.contacts alter phone type double precision"
            " using cast(phone as double precision)",
            "alter table crm.contacts alter email type text[] using string_to_array(email, ',')",
            "alter table crm.contacts alter metrica_client_id type double precision"
            " using cast(metrica_client_id as double precision)",
            """insert into crm.contacts (contact_id, phone, email, metrica_client_id) values
                ('numbers', 8125551111, string_to_array('A@Example.com,b@example.com', ','),
                    1678901234567890),
                ('lost', cast('NaN' as double precision), string_to_array('', ','),
                    1678901234567890123),
                ('fraction', 8125551111.5, null, cast('Infinity' as double precision)),
                ('json', null, null, null), ('many', null, null, null),
                ('nothing', null, null, null)""",
            """insert into crm.contact_identifiers values ('json', 'phone',
                '[{"ID":"901","VALUE_TYPE":"WORK","VALUE":"8 (999) 555-11-11"},
                  {"ID":"902","VALUE_TYPE":"MOBILE","VALUE":"+7 999 555-11-12"}]', null),
                ('json', 'email', '["c@example.com", null]', null)""",
            identifiers("phone", "many", MANY, f"cast(79995550000 + {MANY} - n as text)"),
            identifiers("client_id", "many", 501, "cast(1000 + n as text)"),
            f"alter table crm.contact_identifiers alter value type {json}"
            f" using cast(value as {json})",
        )
        both[engine] = warehouse, warehouse.build(*SELECTED)
    return both


@pytest.fixture(params=ENGINES)
def typed(
    request: pytest.FixtureRequest, typed_on: dict[str, tuple[Warehouse, Outcome]]
) -> tuple[Warehouse, Outcome]:
    return typed_on[request.param]


def test_columns_of_numbers_arrays_and_json_are_read(typed: tuple[Warehouse, Outcome]) -> None:
    warehouse, _ = typed
    assert warehouse.rows(
        """select uniq_id, phones, emails, client_ids from metrica.contacts
        where uniq_id <> 'many' order by 1"""
    ) == [
        ("fraction", None, None, None),
        ("json", "79995551111,79995551112", "c@example.com", None),
        ("lost", None, None, None),
        ("nothing", None, None, None),
        ("numbers", "78125551111", "a@example.com,b@example.com", "1678901234567890"),
    ]


def test_of_too_many_identifiers_the_newest_stay(typed: tuple[Warehouse, Outcome]) -> None:
    warehouse, _ = typed
    [(phones, client_ids)] = warehouse.rows(
        "select phones, client_ids from metrica.contacts where uniq_id = 'many'"
    )
    # Sorted by bytes, and the oldest have the smallest numbers.
    assert phones.split(",") == [str(79995550000 + MANY - n) for n in range(50, 0, -1)]
    assert set(client_ids.split(",")) == {str(1000 + n) for n in range(1, 501)}


def test_left_out_counts_values_and_customers_by_reason(typed: tuple[Warehouse, Outcome]) -> None:
    warehouse, _ = typed
    assert warehouse.rows(LEFT_OUT) == [
        ("client_id", "not_digits", 1, 504),
        ("client_id", "too_many", 1, 504),
        ("client_id", "written_by_a_spreadsheet", 1, 504),
        ("contact", "no_identifier", 3, 6),
        ("phone", "not_a_phone", 1, 65),
        ("phone", "too_many", 10, 65),
        ("phone", "written_by_a_spreadsheet", 1, 65),
    ]


def test_identifiers_warning_of_dbt_names_the_counts_and_the_shares(
    typed: tuple[Warehouse, Outcome],
) -> None:
    _, outcome = typed
    assert outcome.statuses["test.metrica_crm.values_left_out"] == "warn"
    for line in (
        "contacts: 3 of 6 contact (50.0 %), no_identifier",
        "contacts: 10 of 65 phone (15.4 %), too_many",
    ):
        assert line in outcome.complaints
    assert "8125551111" not in outcome.complaints


def test_identifiers_warning_names_the_var_of_national_numbers_unless_it_is_set(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.run(
        """insert into crm.contacts (contact_id, phone) values
        ('national', '8 999 555-11-11'), ('short', '123-45-67')"""
    )
    advice = "set the var default_calling_code"
    assert advice in warehouse.build(*SELECTED, default_calling_code=None).complaints
    assert advice not in warehouse.build(*SELECTED, default_calling_code="7").complaints


def test_nothing_left_out_is_no_warning(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.run("insert into crm.contacts (contact_id, phone) values ('a', '+7 999 555-11-11')")
    outcome = warehouse.build(*SELECTED)
    assert warehouse.rows(LEFT_OUT) == []
    assert outcome.statuses["test.metrica_crm.values_left_out"] == "pass"
    assert "Left out" not in outcome.complaints


def test_spellings_are_read_again_when_the_default_country_changes(warehouse: Warehouse) -> None:
    warehouse.run(
        """insert into crm.contacts (contact_id, phone) values
        ('de', '0711 2842222'), ('plus', '+7 999 555-11-11'), ('ru', '8 999 555-11-12')"""
    )
    plus = ("plus", "79995551111", None)
    missing = "no_country_code"
    read: dict[str | None, list[tuple[str, str | None, str | None]]] = {
        None: [("de", None, missing), plus, ("ru", None, missing)],
        "7": [("de", None, missing), plus, ("ru", "79995551112", None)],
        "49": [("de", "497112842222", None), plus, ("ru", "4989995551112", None)],
    }
    select = ("--select", "+contacts", "--exclude-resource-type", "test")
    for code in ("7", "49", None):
        outcome = warehouse.dbt("build", *select, default_calling_code=code)
        assert outcome.success, outcome.complaints
        assert warehouse.rows(PHONES) == read[code]
        phones = warehouse.rows("select uniq_id, phones from metrica.contacts order by 1")
        assert phones == [(contact, phone) for contact, phone, _ in read[code]]


@pytest.mark.parametrize("code", ["+7", "999"])
def test_identifiers_default_country_that_is_none_is_refused(
    warehouses: Warehouses, code: str
) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.run(*crm.SAMPLE)
    outcome = warehouse.dbt(
        "build",
        "--select",
        "+contacts",
        "--exclude-resource-type",
        "test",
        default_calling_code=code,
    )
    assert not outcome.success
    assert (
        f"The var default_calling_code is '{code}', which is not the calling code of a country"
        in outcome.complaints
    )
    assert 'Set it to digits, for example "7" for Russia' in outcome.complaints
    # Signs that are no digits stop dbt before it builds anything.
    assert outcome.statuses.get("model.metrica_crm.contacts") in {None, "skipped"}
