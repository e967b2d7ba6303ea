"""The trait that guilty rows share, from staged rows of which some were refused or passed."""

from collections.abc import Iterator

import pytest
from metrica_export.delivery.traits import Trait, find_trait
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.session import Session, open_session

from tests.support.marts_fixture import make_marts
from tests.unit.test_chunks import Table

Row = dict[str, str | None]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    made = make_marts(tmp_path_factory.mktemp("marts"), None)
    with open_session(DbtSettings(made.folder, made.folder)) as opened:
        yield opened


@pytest.fixture
def orders(session: Session) -> Table:
    return Table(session, session.marts.get("orders"))


def trait_of(
    orders: Table, guilty: list[Row], passed: list[Row], waiting: list[Row], *reasons: str
) -> Trait | None:
    """Return the trait of orders that were refused alone, passed, or wait."""
    rows = [*guilty, *passed, *waiting]
    orders.stage(*({"id": f"o{i}", **row} for i, row in enumerate(rows)))
    wh = orders.session.wh
    wh.run("create or replace table evidence_orders (_row bigint, _is_bad boolean)")
    wh.run("create or replace table candidates (_row bigint)")
    known = len(guilty) + len(passed)
    for i in range(known):
        wh.run(f"insert into evidence_orders values ({i}, {i < len(guilty)})")
    wh.run(f"insert into candidates from range({known}, {len(rows)})")
    return find_trait(wh, orders.staged(), 1, set(reasons))


EURO: Row = {"currency": "EUR"}
ROUBLE: Row = {"currency": "RUB"}


def test_trait_is_found_from_three_guilty_rows_on(orders: Table) -> None:
    assert trait_of(orders, [EURO] * 2, [ROUBLE] * 3, [EURO]) is None
    found = trait_of(orders, [EURO] * 3, [ROUBLE] * 3, [EURO, EURO, ROUBLE])
    assert found
    assert (found.column, found.values, found.bad, found.waiting) == ("currency", ["EUR"], 3, 2)


def test_trait_without_a_waiting_row_is_none(orders: Table) -> None:
    assert trait_of(orders, [EURO] * 3, [ROUBLE] * 3, [ROUBLE] * 5) is None


def test_trait_of_a_passed_row_is_none(orders: Table) -> None:
    assert trait_of(orders, [EURO] * 3, [ROUBLE, EURO], [EURO] * 5) is None


def test_trait_of_the_column_in_the_reason_comes_before_one_of_more_rows(orders: Table) -> None:
    bad = EURO | {"goals": "bad"}
    good = ROUBLE | {"goals": "good"}
    given = [bad, bad, bad, EURO | {"goals": "good"}], [good], [bad, EURO]
    by_rows, by_reason = trait_of(orders, *given), trait_of(orders, *given, "goals")
    assert by_rows
    assert by_reason
    assert (by_rows.column, by_rows.bad) == ("currency", 4)
    assert (by_reason.column, by_reason.bad) == ("goals", 3)


def test_trait_with_fewest_values_comes_first_among_equal_ones(orders: Table) -> None:
    guilty: list[Row] = [{"currency": c, "goals": "bad"} for c in ("EUR", "USD", "EUR", "USD")]
    found = trait_of(orders, guilty, [ROUBLE | {"goals": "good"}], guilty)
    assert found
    assert (found.column, found.values) == ("goals", ["bad"])


def test_trait_of_two_values_holds_both(orders: Table) -> None:
    guilty: list[Row] = [{"currency": c} for c in ("EUR", "USD", "EUR", "USD")]
    found = trait_of(orders, guilty, [ROUBLE], [EURO])
    assert found
    assert (found.column, sorted(found.values), found.bad) == ("currency", ["EUR", "USD"], 4)


def test_trait_is_found_beside_passed_rows_with_an_empty_cell(orders: Table) -> None:
    found = trait_of(orders, [EURO] * 3, [ROUBLE, {"currency": None}], [EURO, {"currency": None}])
    assert found
    assert (found.column, found.values) == ("currency", ["EUR"])


def test_trait_of_a_list_is_the_element_that_most_guilty_rows_have(orders: Table) -> None:
    guilty: list[Row] = [{"goals": f"bad:{i},own{c}:1"} for i, c in enumerate("xyz")]
    found = trait_of(orders, guilty, [{"goals": "good:1,ownq:1"}], [{"goals": "bad:9,good:1"}])
    assert found
    assert (found.column, found.values) == ("goals", ["bad"])


@pytest.mark.parametrize(
    ("guilty", "passed"), [("x-{}", "x{}"), ("{}A{}", "{}a{}"), ("{}b", "{}B"), ("ж{}", "j{}")]
)
def test_trait_of_texts_is_their_form(orders: Table, guilty: str, passed: str) -> None:
    def ids(form: str, *numbers: int) -> list[Row]:
        return [{"id": form.format(n, n)} for n in numbers]

    found = trait_of(
        orders, ids(guilty, 10, 200, 3), ids(passed, 10, 200, 3), ids(guilty, 4, 50_000)
    )
    assert found
    assert (found.column, found.waiting) == ("id", 2)
