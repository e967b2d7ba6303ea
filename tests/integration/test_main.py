"""The command itself: what it says on which stream, and with which code it ends."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest
from metrica_export.cli.main import cli, main

from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.marts_fixture import MartsWarehouse, make_marts
from tests.support.ports import free_port
from tests.support.scripted_fixture import ScriptedServer, refusal

TOKEN = "y0_a-made-up-token"
COUNTER = "2215573"
HEAVY = ("duckdb", "dbt", "pyarrow", "starlette", "uvicorn", "psycopg2", "requests", "rich")
COUNTS = ("rows", "sent", "unchanged", "rejected", "held", "uploads")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        assert self.out.count("\n") == 1
        found: dict[str, Any] = json.loads(self.out)
        return found


Export = Callable[..., Ended]


@pytest.fixture
def export(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Export]:
    """Return a function that runs the command in this process, as its script does."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments: str, env: Mapping[str, str | None] | None = None) -> Ended:
        with monkeypatch.context() as patch:
            settings = {"METRICA_TOKEN": TOKEN, "METRICA_COUNTER_ID": COUNTER} | dict(env or {})
            for name, value in settings.items():
                if value is None:
                    patch.delenv(name, raising=False)
                else:
                    patch.setenv(name, value)
            patch.setattr(sys, "argv", ["metrica-export", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = capfd.readouterr()
        assert TOKEN not in out + err
        assert "Traceback" not in err
        return Ended(int(ended.value.code or 0), out, err)

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def marts(tmp_path: Path) -> MartsWarehouse:
    """Return a DuckDB warehouse with one contact and one order."""
    made = make_marts(tmp_path, None)
    made.contacts("c1")
    made.orders("o1")
    return made


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with RunningEmulator(token=TOKEN) as started:
        yield started


def assert_refused(
    export: Export, code: int, words: list[str], *arguments: str, **env: Any
) -> None:
    """Run with and without --json; expect the code and the words, on the right streams."""
    plain = export("run", *arguments, **env)
    assert (plain.code, plain.out) == (code, ""), plain.err
    # Before it there may be a line for each request that was tried again.
    assert plain.err.splitlines()[-1].startswith("Error: ")
    shown = export("run", "--json", *arguments, **env)
    assert shown.code == shown.json["exit_code"] == code
    assert shown.json["entities"] == {}
    assert shown.err.splitlines()[-1] == f"Error: {shown.json['error']}"
    for word in words:
        assert word in plain.err
        assert word in shown.json["error"]


# Settings.


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        ([], {"METRICA_TOKEN": None}, ["METRICA_TOKEN", "environment"]),
        ([], {"METRICA_TOKEN": f"OAuth {TOKEN}"}, ["METRICA_TOKEN", "bare token"]),
        (["--api-url", "http://metrica.example.com"], {}, ["http://metrica.example.com", "https"]),
        ([], {"METRICA_API_URL": "http://10.0.0.1"}, ["http://10.0.0.1", "https"]),
        (["--api-url", "metrica"], {}, ["--api-url"]),
        (["--only", "contact"], {}, ["--only", "order_statuses,products,contacts,orders"]),
        (["--chunk-bytes", "10"], {}, ["--chunk-bytes is 10", "1000"]),
        ([], {"METRICA_CHUNK_BYTES": "10"}, ["--chunk-bytes is 10"]),
        (["--chunk-rows", "0"], {}, ["--chunk-rows is 0", "1 or more"]),
        (["--split-requests", "-1"], {}, ["--split-requests is -1"]),
        (["--daily-requests", "5001"], {}, ["--daily-requests is 5001", "5000"]),
        (["--target", "nowhere"], {}, ["profiles.yml", "'nowhere'", "duckdb"]),
        (["--profile", "nobody"], {}, ["profiles.yml", "'nobody'", "crm"]),
        (["--profiles-dir", "nowhere"], {}, ["nowhere", "metrica-export init"]),
        (["--project-dir", "nowhere"], {}, ["nowhere", "--project-dir"]),
        (["--staging-dir", "nowhere"], {}, ["nowhere", "--staging-dir"]),
    ],
)
def test_settings_that_will_not_do_end_with_2(
    export: Export,
    marts: MartsWarehouse,
    arguments: list[str],
    env: dict[str, str | None],
    words: list[str],
) -> None:
    assert_refused(export, 2, words, *marts.flags, *arguments, env=env)


def test_main_project_that_dbt_has_not_built_ends_with_2(
    export: Export, marts: MartsWarehouse
) -> None:
    (marts.folder / "target" / "manifest.json").unlink()
    assert_refused(export, 2, ["manifest.json", "dbt build"], *marts.flags)


@pytest.mark.parametrize("command", ["run", "plan", "status", "rejects"])
@pytest.mark.parametrize("counter", ["0", "-5", "abc", "1.5", None])
def test_main_counter_that_is_no_number_ends_with_2(
    export: Export, marts: MartsWarehouse, command: str, counter: str | None
) -> None:
    ended = export(command, *marts.flags, env={"METRICA_COUNTER_ID": counter})
    assert (ended.code, ended.out) == (2, "")
    assert "--counter" in ended.err
    assert "METRICA_COUNTER_ID" in ended.err


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["run", "--nothing"], ["run", "--token", "t"], ["emulator"]]
)
def test_main_word_that_is_not_known_ends_with_2(export: Export, arguments: list[str]) -> None:
    ended = export(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "Error: " in ended.err


# The warehouse.


def pointed_at(marts: MartsWarehouse, **cells: Any) -> list[str]:
    """Change the target of the profile; return the flags for it."""
    path = marts.folder / "profiles.yml"
    profiles = json.loads(path.read_text())
    profiles["crm"]["outputs"][profiles["crm"]["target"]] |= cells
    path.write_text(json.dumps(profiles))
    return marts.flags


def test_main_server_that_is_not_there_ends_with_3(
    export: Export, pg_database: Database, tmp_path: Path
) -> None:
    port = free_port()
    flags = pointed_at(make_marts(tmp_path, pg_database), port=port, password="s3cret")
    for command in ("run", "plan", "status", "rejects"):
        ended = export(command, *flags)
        assert ended.code == 3
        assert f"127.0.0.1:{port}" in ended.err
        assert "'postgres'" in ended.err
        assert "s3cret" not in ended.err + ended.out
    assert_refused(export, 3, [f"127.0.0.1:{port}", "profiles.yml"], *flags)


def test_main_wrong_password_ends_with_3_and_is_not_repeated(
    export: Export, pg_database: Database, tmp_path: Path
) -> None:
    flags = pointed_at(make_marts(tmp_path, pg_database), password="s3cr'et \"x")
    assert_refused(export, 3, ["password authentication failed", pg_database.user], *flags)
    told = export("run", "--json", *flags)
    assert "s3cr" not in told.out + told.err
    assert pg_database.password not in told.out + told.err


def test_main_missing_file_ends_with_3(export: Export, marts: MartsWarehouse) -> None:
    flags = pointed_at(marts, path=str(marts.folder / "nowhere.duckdb"))
    assert_refused(export, 3, ["nowhere.duckdb", "dbt build"], *flags)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("alter table metrica.orders drop column currency", ["metrica.orders", "currency"]),
        ("alter table metrica.contacts drop column row_hash", ["metrica.contacts", "row_hash"]),
        ("drop table metrica.products", ["no mart metrica.products", "dbt build"]),
        (
            "alter table metrica.orders alter column create_date_time type timestamptz",
            ["metrica.orders", "create_date_time", "TIMESTAMP WITH TIME ZONE"],
        ),
        (
            "alter table metrica.contacts alter column birth_date type text",
            ["metrica.contacts", "birth_date", "DATE"],
        ),
    ],
)
def test_main_mart_that_is_not_as_declared_ends_with_3(
    export: Export, marts: MartsWarehouse, change: str, words: list[str]
) -> None:
    marts.sql(change)
    assert_refused(export, 3, words, *marts.flags)
    assert marts.sql(
        "select count(*) from duckdb_schemas() where schema_name = 'metrica_export'"
    ) == [(0,)]
    plan = export("plan", "--json", *marts.flags)
    assert plan.code == plan.json["exit_code"] == 3


# The ledger.


def test_main_file_that_another_process_holds_ends_with_5(
    export: Export, marts: MartsWarehouse
) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, marts.folder / "warehouse.duckdb"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"1\n"
        assert_refused(export, 5, ["warehouse.duckdb", "in use"], *marts.flags)
        for command in ("plan", "status", "rejects"):
            ended = export(command, *marts.flags)
            assert ended.code == 5
            assert "in use" in ended.err
        holder.communicate(b"\n")


def test_before_the_first_run_nothing_is_rejected(export: Export, marts: MartsWarehouse) -> None:
    assert export("rejects", *marts.flags).out == "No row is rejected or held.\n"
    assert export("rejects", *marts.flags, "--json").json == {"rejects": [], "total": 0}


# Metrica.


def test_main_token_that_metrica_refuses_ends_with_4(export: Export, marts: MartsWarehouse) -> None:
    with ScriptedServer(*[refusal(403, "access_denied")] * 2) as server:
        flags = [*marts.flags, "--api-url", server.url]
        assert_refused(export, 4, ["403 (access_denied)", "METRICA_TOKEN"], *flags)
    assert marts.sql("select exit_code from metrica_export.ledger_runs") == [(4,), (4,)]
    assert marts.sql("select count(*) from metrica_export.ledger_uploads") == [(0,)]


@pytest.mark.usefixtures("waits")
def test_main_address_where_nobody_answers_ends_with_4(
    export: Export, marts: MartsWarehouse
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert_refused(export, 4, [url, "--api-url"], *marts.flags, "--api-url", url)


# What goes well.


def test_main_run_prints_one_object_and_says_the_rest_on_standard_error(
    export: Export, marts: MartsWarehouse, emulator: RunningEmulator
) -> None:
    emulator.reset()
    flags = [*marts.flags, "--api-url", emulator.url]
    first = export("run", "--json", *flags)
    assert first.code == first.json["exit_code"] == 0
    assert list(first.json["entities"]) == ["order_statuses", "products", "contacts", "orders"]
    assert first.json["entities"]["orders"].items() >= dict.fromkeys(COUNTS, 1).items() - {
        (name, 1) for name in ("unchanged", "rejected", "held")
    }
    assert first.json["requests"] > 0
    assert "contacts: 1 of 1 row" in first.err
    marts.contacts("c2", phones="+7 999")
    second = export("run", "--json", *flags)
    assert second.code == second.json["exit_code"] == 0
    assert second.json["entities"]["contacts"]["rejected"] == 1
    third = export("run", *flags)
    assert third.code == 0
    assert "Finished with warnings: 1 row rejected, 0 held; 0 new" in third.err
    assert "0 + 1 + 1 + 0 = 2" in third.out
    assert "999" not in second.err + third.err + third.out


def test_after_a_run_status_and_rejects_tell_of_it(
    export: Export, marts: MartsWarehouse, emulator: RunningEmulator
) -> None:
    emulator.reset()
    before = export("status", *marts.flags)
    assert before.code == 0
    assert "No run yet" in before.out
    marts.contacts("c2", phones="+7 999")
    export("run", *marts.flags, "--api-url", emulator.url)
    status = export("status", "--json", *marts.flags).json
    assert status["entities"]["contacts"] == {
        "rows": 2,
        "pending": 0,
        "sent": 1,
        "rejected": 1,
        "held": 0,
    }
    assert [run["exit_code"] for run in status["runs"]] == [0]
    (reject,) = export("rejects", "--json", *marts.flags).json["rejects"]
    assert reject["id"] == "c2"
    assert (reject["state"], reject["column"]) == ("rejected", "phones")
    assert reject["reason"] == "phones_malformed"
    assert reject["explanation"].endswith(".")
    table = export("rejects", *marts.flags)
    assert table.code == 0
    assert "phones_malformed" in table.out
    assert "Last runs" in export("status", *marts.flags).out


def test_main_plan_needs_no_token_and_changes_nothing(
    export: Export, marts: MartsWarehouse
) -> None:
    marts.orders("o2", client_uniq_id="nobody")
    before = (marts.folder / "warehouse.duckdb").read_bytes()
    env = {"METRICA_TOKEN": None}
    shown = export("plan", "--json", *marts.flags, env=env)
    assert shown.code == shown.json["exit_code"] == 0
    assert shown.json["requests"] == 0
    orders = shown.json["entities"]["orders"]
    assert [orders[name] for name in COUNTS] == [2, 1, 0, 0, 1, 1]
    assert shown.err == ""
    table = export("plan", *marts.flags, env=env)
    assert table.code == 0
    assert "contact_unknown" in table.out
    assert "1 + 0 + 0 + 1 = 2" in table.out
    assert (marts.folder / "warehouse.duckdb").read_bytes() == before


def test_only_some_marts_can_be_planned(export: Export, marts: MartsWarehouse) -> None:
    shown = export("plan", "--json", "--only", "orders,contacts", *marts.flags)
    assert list(shown.json["entities"]) == ["contacts", "orders"]


# Help.


@pytest.mark.parametrize("command", ["", *cli.list_commands(click.Context(cli))])
def test_every_command_has_help(export: Export, command: str) -> None:
    ended = export(*([command] if command else []), "--help", env={"METRICA_COUNTER_ID": None})
    assert (ended.code, ended.err) == (0, "")
    # The program's name is pytest's here.
    assert re.match(rf"Usage: .* ?{command} \[OPTIONS\]", ended.out)
    assert "--help" in ended.out


def test_main_version_is_the_packages(export: Export) -> None:
    ended = export("--version")
    assert ended.code == 0
    assert ended.out.endswith(f", version {version('metrica-crm-export')}\n")


def test_help_waits_for_no_library_of_a_run() -> None:
    code = f"""
import contextlib, sys
from metrica_export.cli.main import main
for arguments in ([], *([name] for name in {cli.list_commands(click.Context(cli))!r})):
    sys.argv = ["metrica-export", *arguments, "--help"]
    with contextlib.suppress(SystemExit):
        main()
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("Usage: ") == len(cli.list_commands(click.Context(cli))) + 1
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "metrica_export"],
        [str(Path(sys.executable).with_name("metrica-export"))],
    ],
    ids=["module", "script"],
)
def test_main_installed_command_ends_with_the_code_of_its_error(
    command: list[str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [*command, "status"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "HOME": str(tmp_path), "METRICA_COUNTER_ID": COUNTER},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert "--project-dir" in done.stderr
