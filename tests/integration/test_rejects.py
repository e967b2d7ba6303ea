"""`rejects`: the list of rejected and held rows, filtered, limited, and in three forms."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from click.testing import CliRunner, Result
from metrica_export.checks.cures import cure_of
from metrica_export.cli.main import cli
from metrica_export.errors import WarehouseError
from metrica_export.warehouse.connection import Attached

from tests.support.job import Job
from tests.support.marts_fixture import MartsWarehouse

pytestmark = pytest.mark.parametrize("job", ["duckdb"], indirect=True)
COUNTER = "2215573"
_REASONS = ("phones_malformed", "contact_unknown")


@pytest.fixture
def marts(job: Job) -> MartsWarehouse:
    """Return a warehouse with 150 rejected contacts and 50 held orders in its ledger."""
    assert job.run().error is None
    verdicts = (
        ("contacts", "rejected", "phones", "phones_malformed", "1, 150"),
        ("orders", "held", "client_uniq_id", "contact_unknown", "1, 50"),
    )
    for entity, state, column, reason, numbers in verdicts:
        job.marts.sql(
            "insert into metrica_export.ledger_verdicts (counter_id, entity, id, row_hash, state, "
            f"column_name, reason, run_no, judged_at) select {COUNTER}, '{entity}', "
            f"'{entity[0]}' || i, 'h', '{state}', '{column}', '{reason}', 1, now() "
            f"from generate_series({numbers}) as t (i)"
        )
    return job.marts


def rejects(marts: MartsWarehouse, *arguments: str) -> Result:
    flags = [*marts.flags, "--counter-id", COUNTER]
    shown = CliRunner().invoke(cli, ["rejects", *flags, *arguments])
    assert shown.exit_code == 0, shown.output
    return shown


def listed(marts: MartsWarehouse, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(rejects(marts, "--json", *arguments).stdout)["rejects"]
    return found


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ([], 200),
        (["--mart", "orders"], 50),
        (["--state", "rejected"], 150),
        (["--reason", "contact_unknown"], 50),
        (["--reason", "contact_unknown", "--mart", "contacts"], 0),
        (["--limit", "7"], 7),
    ],
)
def test_rejects_lists_the_rows_that_are_asked_for(
    marts: MartsWarehouse, arguments: list[str], count: int
) -> None:
    assert len(listed(marts, *arguments)) == count


def test_rejects_has_the_same_rows_in_every_form(marts: MartsWarehouse) -> None:
    as_json = rejects(marts, "--format", "json").stdout
    assert as_json == rejects(marts, "--json").stdout
    assert as_json.count("\n") == 1
    assert json.loads(as_json)["total"] == 200
    rows = json.loads(as_json)["rejects"]
    assert list(csv.DictReader(io.StringIO(rejects(marts, "--format", "csv").stdout))) == rows
    table, cures = rejects(marts).stdout.split("\n\nCures:\n")
    assert cures.splitlines() == [f"{each}: {cure_of(each)}" for each in _REASONS]
    assert {row["cure"] for row in rows} == {cure_of(each) for each in _REASONS}
    head, *lines = table.splitlines()
    assert head.split() == ["mart", "id", "state", "column", "reason", "explanation"]
    assert [line.split()[:5] for line in lines] == [list(row.values())[:5] for row in rows]
    assert len({line.index("rejected") for line in lines if "rejected" in line}) == 1


def test_rejects_says_how_many_there_are_when_it_lists_less(marts: MartsWarehouse) -> None:
    assert "7 of 200 rows" in rejects(marts, "--limit", "7").stderr
    assert rejects(marts).stderr == ""


def test_rejects_lists_100_rows_on_a_terminal(
    marts: MartsWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    shown = rejects(marts)
    assert shown.stdout.partition("\n\n")[0].count("\n") == 100
    assert "100 of 200 rows" in shown.stderr
    longer = rejects(marts, "--limit", "150").stdout
    assert longer.partition("\n\n")[0].count("\n") == 150


def test_rejects_shows_no_control_character_of_an_id(marts: MartsWarehouse) -> None:
    marts.sql("update metrica_export.ledger_verdicts set id = 'a' || chr(27) || '[2J' || chr(10)")
    assert "a\\x1b[2J\\n" in rejects(marts).stdout
    assert "\x1b" not in rejects(marts, "--json").stdout


def test_rejects_explains_a_reason_of_another_version(marts: MartsWarehouse) -> None:
    marts.sql("update metrica_export.ledger_verdicts set reason = 'of_tomorrow'")
    row = listed(marts)[0]
    assert row["explanation"] == "of_tomorrow."
    assert "upgrade" in row["cure"]


def test_rejects_refuses_a_reason_that_does_not_exist(marts: MartsWarehouse) -> None:
    shown = CliRunner().invoke(
        cli, ["rejects", *marts.flags, "--counter-id", COUNTER, "--reason", "x"]
    )
    assert "phones_malformed" in str(shown.exception)


def test_rejects_is_one_json_object_when_the_warehouse_is_lost(
    marts: MartsWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Attached.stream

    def lost(*given: Any) -> Iterator[tuple[Any, ...]]:
        yield from islice(stream(*given), 1)
        raise WarehouseError("The warehouse is gone.")

    monkeypatch.setattr(Attached, "stream", lost)
    flags = [*marts.flags, "--counter-id", COUNTER, "--json"]
    done = CliRunner().invoke(cli, ["rejects", *flags])
    shown = json.loads(done.stdout)
    assert done.exit_code == shown["exit_code"] == 3
    assert (len(shown["rejects"]), shown["total"]) == (1, 200)
    assert shown["error"] == "The warehouse is gone."
    assert done.stderr == "Error: The warehouse is gone.\n"


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_rejects_reads_the_rows_in_batches(
    marts: MartsWarehouse, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    read, seen = Attached.rows, [0]

    def counted(*given: Any) -> list[tuple[Any, ...]]:
        found = read(*given)
        seen.append(len(found))
        return found

    monkeypatch.setattr(Attached, "rows", counted)
    assert "c150" in rejects(marts, "--format", form).stdout
    assert max(seen) < 200


def test_rejects_ends_well_when_its_reader_has_gone(marts: MartsWarehouse) -> None:
    marts.sql(
        "insert into metrica_export.ledger_verdicts by name select v.* replace (id || i as id) "
        "from metrica_export.ledger_verdicts v, generate_series(1, 50) as t (i)"
    )
    command = [
        sys.executable,
        "-m",
        "metrica_export",
        "rejects",
        *marts.flags,
        "--counter-id",
        COUNTER,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")
