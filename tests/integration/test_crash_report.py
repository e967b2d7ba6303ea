"""Unexpected exceptions: exit code 70, one line, no value of a row, and the end in the ledger."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from metrica_export.cli.main import main
from metrica_export.commands import run
from metrica_export.errors import ExportError, InterruptedRunError, UnexpectedError

from tests.support.job import Job

SECRET = "anna@example.com"


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put the signals' handlers back that `main` replaces."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Console:
    """Runs the command line in this process."""

    def __init__(
        self, patch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], folder: Path
    ) -> None:
        self.patch, self.capfd, self.folder = patch, capfd, folder

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Return the exit code and both outputs."""
        with self.patch.context() as patch:
            patch.setenv("METRICA_TOKEN", "t")
            patch.setenv("METRICA_COUNTER_ID", "1")
            patch.setattr("tempfile.tempdir", str(self.folder))
            patch.setattr(sys, "argv", ["metrica-export", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = self.capfd.readouterr()
        return int(ended.value.code or 0), out, err

    def tracebacks(self) -> list[Path]:
        return sorted(self.folder.glob("metrica-crash-*"))


@pytest.fixture
def console(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Console:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return Console(monkeypatch, capfd, folder)


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object) -> None:
        row = SECRET
        raise error from ValueError(row)

    monkeypatch.setattr(run, "run", fail)


ERRORS = [
    KeyError(SECRET),
    RecursionError(SECRET),
    UnicodeEncodeError("utf-8", f"\udc80{SECRET}", 0, 1, "surrogates not allowed"),
    ImportError(f"No module named {SECRET!r}"),
    psycopg2.errors.LockNotAvailable(f"canceling statement, Key (email)=({SECRET})"),
    MemoryError(SECRET),
    EOFError(SECRET),
    OSError(5, SECRET),
    RuntimeError(SECRET),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_unexpected_error_ends_with_70_and_shows_no_value(
    console: Console, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fail_with(monkeypatch, error)
    code, out, err = console("run", "--json")
    shown = json.loads(out)
    assert code == shown["exit_code"] == 70
    assert err == f"Error: {shown['error']}\n"
    (traceback,) = console.tracebacks()
    for part in (type(error).__name__, "`metrica-export run`", "version ", str(traceback)):
        assert part in shown["error"]
    assert stat.S_IMODE(traceback.stat().st_mode) == 0o600
    text = traceback.read_text()
    assert "in fail" in text
    assert "caused by ValueError" in text
    assert SECRET not in text + out + err
    assert "Traceback" not in err


def test_unexpected_error_prints_its_traceback_with_debug(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, KeyError(SECRET))
    code, out, err = console("--debug", "run")
    assert (code, out) == (70, "")
    assert "in fail" in err
    assert SECRET not in err
    assert console.tracebacks() == []


def test_unexpected_error_is_reported_where_no_file_can_be_written(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, KeyError(SECRET))
    console.folder.rmdir()
    code, _, err = console("run")
    assert code == 70
    assert "--debug" in err


def test_unexpected_error_of_another_command_ends_with_70(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr("metrica_export.commands.status.status", fail)
    code, out, err = console("status", "--json")
    assert code == json.loads(out)["exit_code"] == 70
    assert "`metrica-export status`" in err
    assert SECRET not in err + out


def test_unexpected_end_of_a_file_is_no_answer_of_the_user(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EOFError(SECRET)

    monkeypatch.setattr("metrica_export.commands.status.status", fail)
    code, out, err = console("status", "--json")
    assert code == json.loads(out)["exit_code"] == 70
    assert "EOFError" in err
    assert "Aborted" not in err


def test_endless_recursion_leaves_a_short_traceback(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        fail()

    monkeypatch.setattr(run, "run", fail)
    assert console("run")[0] == 70
    (traceback,) = console.tracebacks()
    assert len(traceback.read_text().splitlines()) < 70


def test_crash_report_signal_during_a_query_of_duckdb_stays_an_interruption(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Query interrupted") from InterruptedRunError("Interrupted by SIGTERM.")

    monkeypatch.setattr(run, "run", fail)
    code, _, err = console("run")
    assert (code, err) == (130, "Error: Interrupted by SIGTERM.\n")


def test_crash_report_library_that_cannot_be_imported_ends_with_70(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["duckdb"] = None
from metrica_export.cli.main import main
sys.argv = ["metrica-export", "plan", "--json", "--counter-id", "1"]
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == json.loads(done.stdout)["exit_code"] == 70
    assert "ModuleNotFoundError" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_crash_report_crashed_run_has_counts_and_an_end_in_the_ledger(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.marts.contacts("c1", "c2")
    job.marts.orders("1")
    upload = "metrica_export.metrica.client.Metrica.upload"
    nothing: dict[str, Any] = {}
    monkeypatch.setattr(upload, lambda *_: nothing[SECRET])
    outcome = job.run()
    assert outcome.exit_code == UnexpectedError.exit_code == 70
    assert "KeyError at tests.integration.test_crash_report" not in (outcome.error or "")
    assert "Unexpected error KeyError at metrica_export." in (outcome.error or "")
    assert (outcome.entities["contacts"].pending, outcome.entities["orders"].pending) == (2, 1)
    ((code, message, is_ended),) = job.marts.sql(
        "select exit_code, message, finished_at is not null from metrica_export.ledger_runs"
    )
    assert (code, is_ended) == (70, True)
    assert "KeyError" in message
    assert SECRET not in message
    monkeypatch.undo()
    assert job.sent() == {"contacts": 2, "orders": 1}


def test_errors_have_no_exit_code_1() -> None:
    kinds = [ExportError, *ExportError.__subclasses__()]
    assert 1 not in {kind.exit_code for kind in kinds}


@pytest.mark.parametrize("words", [["status", "--json"], ["recover", "--yes"], ["reset", "--yes"]])
def test_crash_report_command_keeps_its_exit_code_when_nobody_reads_its_output(
    words: list[str], tmp_path: Path
) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed, Path("/dev/full").open("wb") as full:
        for output in (closed, full):
            done = subprocess.run(
                [sys.executable, "-m", "metrica_export", *words, "--project-dir", str(tmp_path)],
                env=os.environ | {"METRICA_TOKEN": "any", "METRICA_COUNTER_ID": "1"},
                stdout=output,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            assert done.returncode == 2, done.stderr
            assert "Traceback" not in done.stderr


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
@pytest.mark.parametrize("place", ["closed pipe", "full disk"])
def test_crash_report_command_keeps_its_exit_code_when_its_log_cannot_be_written(
    job: Job, place: str
) -> None:
    job.marts.contacts("c1")
    job.marts.contacts("bad", "worse", phones="8 (999) 1")
    read, write = os.pipe()
    os.close(read)
    flags = [*job.marts.flags, "--counter-id", str(job.emulator.counter)]
    with os.fdopen(write, "wb") as closed, Path("/dev/full").open("wb") as full:

        def output(*words: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "metrica_export", *words, *flags],
                env=os.environ | {"METRICA_TOKEN": job.emulator.token},
                stdout=subprocess.PIPE,
                stderr=closed if place == "closed pipe" else full,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout
            return done.stdout

        assert json.loads(output("run", "--json", "--api-url", job.emulator.url))["run_no"] == 1
        assert "bad" in output("rejects", "--limit", "1")
    assert job.held_by_metrica("contacts", "name").keys() == {"c1"}


def test_crash_report_traceback_that_cannot_be_printed_leaves_the_exit_code(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["duckdb"] = None
from metrica_export.cli.main import main
sys.argv = ["metrica-export", "--debug", "plan", "--counter-id", "1"]
main()
"""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stderr=full, check=False, cwd=tmp_path)
    assert done.returncode == 70


def test_crash_report_signal_that_nohup_ignores_stays_ignored() -> None:
    code = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from metrica_export.cli.main import main
sys.argv = ["metrica-export", "--help"]
try:
    main()
except SystemExit:
    signal.raise_signal(signal.SIGHUP)
    print("still here")
    signal.raise_signal(signal.SIGTERM)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("still here\n"), done.stderr
    assert "InterruptedRunError" in done.stderr
