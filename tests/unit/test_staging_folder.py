"""Private folders for staged rows: whose they are, and when they go."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from metrica_export.cli.main import cli
from metrica_export.errors import SettingsError
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.session import open_session
from metrica_export.warehouse.staging_folder import staging_folder, sweep

from tests.support.marts_fixture import make_marts

HOLDER = """
import sys, time
from pathlib import Path
from metrica_export.warehouse.staging_folder import staging_folder
with staging_folder(Path(sys.argv[1])) as folder:
    (folder / "contacts.csv").write_text("somebody")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "staging"
    folder.mkdir()
    return folder


def leave(place: Path) -> None:
    """Leave what a killed command leaves."""
    (place / "metrica-export-dead").mkdir()
    (place / "metrica-export-dead" / "contacts.csv").write_text("somebody")
    (place / "metrica-export-dead.lock").touch()


def hold(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that has a folder of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_staging_folder_is_private_and_removed_at_the_end(place: Path) -> None:
    with staging_folder(place) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "contacts.csv").write_text("somebody")
        assert folder.parent == place
    assert list(place.iterdir()) == []


def test_sweep_removes_the_folder_of_a_killed_process_and_not_of_a_living_one(place: Path) -> None:
    killed, left = hold(place)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    living, kept = hold(place)
    try:
        sweep(place)
        assert not left.exists()
        assert (kept / "contacts.csv").exists()
    finally:
        living.send_signal(signal.SIGINT)
        living.communicate()
    assert list(place.iterdir()) == []


def test_session_leaves_a_folder_of_another_container_alone(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_marts(tmp_path, None)
    dbt = DbtSettings(made.folder, made.folder, staging_dir=place)

    def nobody(*_: int) -> None:
        raise ProcessLookupError

    # In a process id namespace of its own, no process of another container is to be found.
    monkeypatch.setattr(os, "kill", nobody)
    with open_session(dbt, read_only=True) as first:
        with open_session(dbt, read_only=True) as second:
            assert first.staging.is_dir()
            assert second.staging.is_dir()
        assert first.staging.is_dir()
    assert list(place.iterdir()) == []


def test_sweep_and_a_new_folder_do_not_meet(place: Path) -> None:
    ended = threading.Event()
    lost: list[Path] = []

    def sweep_on() -> None:
        while not ended.is_set():
            sweep(place)

    def make() -> None:
        for _ in range(200):
            with staging_folder(place) as folder:
                if not folder.is_dir():
                    lost.append(folder)

    sweepers = [threading.Thread(target=sweep_on) for _ in range(2)]
    makers = [threading.Thread(target=make) for _ in range(4)]
    for thread in sweepers + makers:
        thread.start()
    for thread in makers:
        thread.join()
    ended.set()
    for thread in sweepers:
        thread.join()
    assert lost == []
    assert list(place.iterdir()) == []


def test_staging_folder_has_a_lock_after_a_sweep_between_its_creation_and_its_lock(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def after_a_sweep(file: int, how: int) -> None:
        monkeypatch.undo()
        sweep(place)
        flock(file, how)

    monkeypatch.setattr("fcntl.flock", after_a_sweep)
    with staging_folder(place) as folder:
        assert [path.name for path in place.glob("*.lock")] == [f"{folder.name}.lock"]
        sweep(place)
        assert folder.is_dir()


def test_sweep_leaves_other_files_alone(place: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (place / "metrica-export-a").symlink_to(kept)
    (place / "metrica-export-a.lock").touch()
    (place / "metrica-export-b.lock").symlink_to(kept / "file")
    (place / "metrica-export-b").mkdir()
    (place / "other.lock").touch()
    sweep(place)
    assert (kept / "file").exists()
    assert (place / "metrica-export-b").is_dir()
    assert (place / "other.lock").exists()


@pytest.mark.parametrize(
    "command",
    ["plan", "run", "status", "rejects", "retry", "reset", "doctor", "schema diff", "schema apply"],
)
@pytest.mark.parametrize("by", ["flag", "variable"])
def test_every_command_sweeps_the_folder_that_runs_use(
    tmp_path: Path, place: Path, command: str, by: str
) -> None:
    made = make_marts(tmp_path, None)
    leave(place)
    flag = ["--staging-dir", str(place)] if by == "flag" else []
    env = {
        "METRICA_TOKEN": "any",
        "METRICA_COUNTER_ID": "1",
        # Nobody listens there, and no retry is waited for.
        "METRICA_API_URL": "not-an-address" if command == "doctor" else "http://127.0.0.1:1",
        "METRICA_DAILY_REQUESTS": "1",
    }
    if by == "variable":
        env["METRICA_STAGING_DIR"] = str(place)
    CliRunner().invoke(cli, [*command.split(), *made.flags, *flag], env=env)
    assert list(place.iterdir()) == []


def test_folder_that_cannot_be_locked_in_is_named(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_marts(tmp_path, None)

    def refuse(*_: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    dbt = DbtSettings(made.folder, made.folder, staging_dir=place)
    with (
        pytest.raises(SettingsError, match=r"No locks available.*--staging-dir"),
        open_session(dbt, read_only=True),
    ):
        pass
