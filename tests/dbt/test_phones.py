"""The phone rules in SQL against the library that the seed was taken from."""

import io
import runpy

from tests.dbt import phone_spellings
from tests.dbt.conftest import ROOT
from tests.dbt.warehouse import Warehouse


def test_every_spelling_of_a_right_number_is_understood(built: Warehouse) -> None:
    expected = phone_spellings.correct()
    assert len(expected) > 2000
    # Argentina's mobiles are dialled with a 15 inside that is a 9 in front for callers abroad.
    argentine = {"+54 011 15-2345-6789": (None, "5491123456789")}
    assert _differences(built, expected) == argentine


def test_phones_mistyped_number_is_left_out_where_the_library_refuses_it(built: Warehouse) -> None:
    expected = phone_spellings.mistyped()
    assert sum(phone is None for phone in expected.values()) > 500
    # Gabon's old numbers had a zero that its new ones lack; it is no trunk prefix.
    assert _differences(built, expected) == {"+241060312347": (None, "24160312347")}


def test_signs_and_wrappings_of_other_programs_are_understood(built: Warehouse) -> None:
    forms = phone_spellings.typeset()
    assert len(forms) > 8000
    assert _differences(built, dict(forms)) == {}
    # The library agrees wherever it reads a form at all.
    read = {form: phone_spellings.expected(form) for form in forms}
    agreed = [form for form, phone in read.items() if phone == forms[form]]
    assert len(agreed) > 4000
    assert {form: phone for form, phone in read.items() if phone not in (None, forms[form])} == {}


def test_floating_point_numbers_and_formulas_keep_every_digit(built: Warehouse) -> None:
    assert _differences(built, dict(phone_spellings.written_by_programs())) == {}


def test_both_engines_read_every_phone_alike(built_on: dict[str, Warehouse]) -> None:
    query = "select cell, raw, phone, reason from metrica_work.int_phone_spellings order by 1, 2"
    duckdb, postgres = (sorted(warehouse.rows(query), key=str) for warehouse in built_on.values())
    assert duckdb == postgres


def test_phones_seed_is_what_its_script_writes() -> None:
    script = ROOT / "dbt_project/seeds/phone_calling_codes.py"
    out = io.StringIO()
    runpy.run_path(str(script))["write"](out)
    assert out.getvalue() == script.with_suffix(".csv").read_text(encoding="utf-8")


def _differences(
    warehouse: Warehouse, expected: dict[str, str | None]
) -> dict[str, tuple[str | None, str | None]]:
    """Return what was read and what should have been, for each cell where they differ."""
    read = dict(warehouse.rows("select cell, phone from metrica_work.int_phone_spellings"))
    return {cell: (read[cell], phone) for cell, phone in expected.items() if read[cell] != phone}
