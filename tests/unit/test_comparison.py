"""What a mart's row is held against: what Metrica has of it, and the last verdict on it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from metrica_export.delta import comparison, delivered_state, vanished
from metrica_export.ledger.reader import Ledger
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.session import Session, open_session

from tests.support.marts_fixture import make_marts

MART = "contacts"

ROWS: dict[str, tuple[list[str | None], tuple[str, bool] | None, tuple[str, str] | None, str]] = {
    # id: hashes in the mart, hash that Metrica has and whether it is undecided, verdict, outcome
    "new": (["a"], None, None, "judged"),
    "sent": (["a"], ("a", False), None, "same"),
    "altered": (["b"], ("a", False), None, "judged"),
    "perhaps": (["a"], ("a", True), None, "judged"),
    "rejected": (["a"], None, ("a", "rejected"), "kept"),
    "repaired": (["b"], None, ("a", "rejected"), "judged"),
    "spoilt": (["b"], ("a", False), ("b", "rejected"), "kept"),
    "turned back": (["a"], ("a", False), ("b", "rejected"), "same"),
    "taken after all": (["a"], ("a", False), ("a", "rejected"), "same"),
    "held": (["a"], None, ("a", "held"), "judged"),
    "without a hash": ([None], ("a", False), None, "judged"),
    "new without a hash": ([None], None, None, "judged"),
    "twice": (["a", "a"], ("a", False), None, "judged"),
    "twice rejected": (["a", "b"], None, ("a", "rejected"), "judged"),
    "gone": ([], ("a", False), None, "gone"),
    "gone and erased": ([], (vanished.ERASED, False), None, "not there"),
    "rejected, not read": ([], None, ("a", "rejected"), "behind"),
    "held, not read": ([], None, ("a", "held"), "behind"),
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    made = make_marts(tmp_path_factory.mktemp("marts"), None)
    with open_session(DbtSettings(made.folder, made.folder)) as opened:
        yield opened


def fill(session: Session, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    session.wh.run(f"create or replace table {table}_{MART} ({columns})")
    for row in rows:
        session.wh.run(f"insert into {table}_{MART} values ({', '.join('?' * len(row))})", [*row])


@pytest.mark.parametrize("beyond", [False, True])
def test_each_row_is_judged_unchanged_or_still_rejected(session: Session, beyond: bool) -> None:  # noqa: FBT001
    seen = [(key, h) for key, (hashes, *_) in ROWS.items() for h in hashes]
    known = [(key, *k) for key, (_, k, _, _) in ROWS.items() if k]
    verdicts = [(key, *v) for key, (_, _, v, _) in ROWS.items() if v]
    fill(session, "mart_keys", "_id text, _hash text", [*seen, (None, "a")])
    fill(session, "delivered", "_id text, _hash text, _undecided boolean", known)
    fill(
        session,
        "recorded_verdicts",
        "_id text, _hash text, _state text",
        [*verdicts, (None, "a", "held")],
    )
    comparison.compare(session.wh, MART)
    comparison.keep_verdicts(session.wh, MART, beyond_window=beyond)

    def ids(outcome: str) -> set[str]:
        return {key for key, (*_, expected) in ROWS.items() if expected == outcome}

    changed = {key for (key,) in session.wh.rows(f"from changed_ids_{MART}")}
    assert changed == ids("judged") | {None}
    kept = {key for (key,) in session.wh.rows(f"select _id from standing_verdicts_{MART}")}
    assert kept == ids("kept") | (ids("behind") if beyond else set())
    counts = comparison.count_unchanged(session.wh, MART)
    assert counts == (len(kept), len(ids("kept")), len(ids("same")))
    assert vanished.count_vanished(session.wh, session.marts.get(MART)) == len(ids("gone"))


def test_verdicts_of_rows_without_an_id_are_not_kept(session: Session) -> None:
    fill(session, "mart_keys", "_id text, _hash text", [])
    fill(session, "delivered", "_id text, _hash text, _undecided boolean", [])
    fill(
        session, "recorded_verdicts", "_id text, _hash text, _state text", [(None, "a", "rejected")]
    )
    comparison.compare(session.wh, MART)
    comparison.keep_verdicts(session.wh, MART, beyond_window=True)
    assert session.wh.rows(f"from standing_verdicts_{MART}") == []


def test_comparison_verdict_of_a_twin_that_left_the_mart_is_not_kept(session: Session) -> None:
    fill(session, "mart_keys", "_id text, _hash text", [("x", "a")])
    fill(session, "delivered", "_id text, _hash text, _undecided boolean", [])
    verdicts = [("x", "a", "rejected"), ("x", "b", "rejected")]
    fill(session, "recorded_verdicts", "_id text, _hash text, _state text", [*verdicts])
    comparison.compare(session.wh, MART)
    comparison.keep_verdicts(session.wh, MART, beyond_window=True)
    assert session.wh.rows(f"from standing_verdicts_{MART}") == [("x", "a", "rejected")]
    assert comparison.count_unchanged(session.wh, MART) == (1, 1, 0)


TOLD = """(values
    ('once', 'a', 1, true, 'NEW', 1, timestamp '2026-01-01', 1),
    ('again', 'a', 1, true, 'NEW', 1, timestamp '2026-01-01', 1),
    ('again', 'b', 2, true, 'PAID', 2, timestamp '2026-01-02', 2),
    ('perhaps later', 'a', 1, true, 'NEW', 1, timestamp '2026-01-01', 1),
    ('perhaps later', 'b', 2, false, 'PAID', 3, timestamp '2026-01-02', 2),
    ('perhaps later', 'c', 3, false, 'PAID', 2, timestamp '2026-01-02', 4),
    ('perhaps before', 'a', 1, false, 'NEW', 5, timestamp '2026-01-03', 4),
    ('perhaps before', 'b', 2, true, 'PAID', 2, timestamp '2026-01-02', 1),
    ('perhaps', 'a', 1, false, 'NEW', 1, timestamp '2026-01-01', 1)
) t (_id, _hash, _upload_no, _passed, _status, _step, _created, _filled)"""


@pytest.fixture
def ledger() -> Ledger:
    """Return a ledger that knows these deliveries and nothing else."""

    def told(_entity: str, _among: str | None) -> str:
        return TOLD

    return cast("Ledger", SimpleNamespace(deliveries=told, details=told))


def test_comparison_latest_delivery_that_passed_holds(session: Session, ledger: Ledger) -> None:
    delivered_state.read_delivered(session.wh, ledger, session.marts.get(MART), among=None)
    assert session.wh.rows(f"from delivered_{MART} order by _id") == [
        ("again", "b", False),
        ("once", "a", False),
        ("perhaps before", "b", False),
        ("perhaps later", "a", True),
    ]


def test_comparison_counts_values_of_unknown_uploads(session: Session, ledger: Ledger) -> None:
    def step(number: int, status: str) -> dict[str, int | str]:
        return {"step": number, "status": status}

    keys = ["once", "again", "perhaps later", "perhaps before", "perhaps", "new"]
    fill(session, "staged", "_id text", [(key,) for key in keys])
    delivered_state.read_delivered_state(session.wh, ledger, session.marts.get(MART))
    rows = session.wh.rows(
        "select _row, _delivered, cast(cast(_created as date) as text), _status, _step, _filled, "
        f"list_sort(_unknown_steps) from delivered_state_{MART} order by _row"
    )
    assert {keys[row]: rest for row, *rest in rows} == {
        "once": [True, "2026-01-01", "NEW", 1, 1, None],
        "again": [True, "2026-01-01", "PAID", 2, 2, None],
        "perhaps later": [True, "2026-01-01", "NEW", 1, 7, [step(2, "PAID"), step(3, "PAID")]],
        "perhaps before": [True, "2026-01-03", "PAID", 2, 5, None],
        "perhaps": [False, "2026-01-01", None, None, None, [step(1, "NEW")]],
    }


def test_comparison_new_column_takes_the_next_bit_while_there_are_some(session: Session) -> None:
    mart = session.marts.get(MART)
    names = [column.name for column in mart.columns]

    def bits_after(known: dict[str, int]) -> dict[str, int]:
        ledger = cast("Ledger", SimpleNamespace(column_bits=lambda _mart: dict(known)))
        return delivered_state.bits(ledger, mart)

    last, *others = reversed(names)
    assert bits_after({last: 0}) == {last: 0} | {n: i for i, n in enumerate(reversed(others), 1)}
    many = {f"old_{i}": i for i in range(61)}
    assert bits_after(many) == many | {names[0]: 61}


def test_filled_columns_are_told_by_their_bits(session: Session) -> None:
    def filled(empty: dict[str, str]) -> int:
        ((number,),) = session.wh.rows(
            f"select {delivered_state.filled({'a': 0, 'b': 1, 'c': 2}, empty)}"
        )
        return int(number)

    assert filled({"a": "false", "b": "true", "c": "false", "unwatched": "false"}) == 5
    assert filled({}) == 0


def test_comparison_vanished_id_that_is_no_number_is_staged_beside_numbers(
    session: Session,
) -> None:
    fill(session, "staged", "_id text, _hash text, uniq_id integer", [("1", "a", 1)])
    fill(session, "mart_keys", "_id text", [("1",)])
    fill(session, "delivered", "_id text, _hash text", [("1", "a"), ("old-2", "b")])
    fill(session, "compared", "_id text, _is_delivered boolean", [("1", True)])
    fill(session, "changed_ids", "_id text", [("1",)])
    assert vanished.stage_vanished(session.wh, session.marts.get(MART)) == 1
    assert session.wh.rows(f"from staged_{MART} order by _id") == [
        ("1", "a", "1"),
        ("old-2", vanished.ERASED, "old-2"),
    ]
