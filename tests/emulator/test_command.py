"""Starting and stopping the emulator."""

import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import metrica_emulator
import pytest
import requests
from click.testing import CliRunner
from metrica_emulator.command import emulator as command
from metrica_emulator.faults import FAULTS
from metrica_emulator.switches import Switches, describe

from tests.support.emulator_fixture import RunningEmulator

START = ["--port", "0", "--counter", "7", "--token", "made-up"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "metrica_emulator", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_it_says_where_it_listens_and_stops_cleanly() -> None:
    for stop in ("terminate", "interrupt"):
        with subprocess.Popen(
            [sys.executable, "-m", "metrica_emulator", *START], stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("Metrica's emulator listens on http://127.0.0.1:")
            assert line.endswith(", counter 7\n")
            port = int(line.split(":")[-1].split(",")[0])
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            process.send_signal(2 if stop == "interrupt" else 15)
            rest = process.communicate(timeout=20)[1]
        assert (process.returncode, rest) == (0, "")


def test_it_starts_within_a_few_seconds(tmp_path: Path) -> None:
    began = time.monotonic()
    with RunningEmulator(tmp_path / "state.sqlite"):
        assert time.monotonic() - began < 5


def test_command_keeps_uploads_after_restart_and_kill(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    with RunningEmulator(state, columns_mapping_required="off") as emulator:
        url = emulator.url
        emulator.upload("/data/contacts/csv", "uniq_id,name\n1,Anna\n")
        emulator.restart()
        emulator.upload("/data/contacts/csv", "uniq_id,name\n2,Boris\n")
        emulator.kill()
        emulator.start()
        assert emulator.url == url
        assert emulator.sql("select uniq_id, name from contacts order by 1") == [
            ("1", "Anna"),
            ("2", "Boris"),
        ]
        assert len(emulator.call("GET", "/last_uploadings").json()["uploadings"]) == 2


def test_responses_on_a_kept_connection_are_as_fast_as_on_new_ones() -> None:
    with RunningEmulator() as emulator, requests.Session() as session:

        def seconds(get: Callable[..., requests.Response]) -> float:
            began = time.monotonic()
            for _ in range(20):
                get(f"{emulator.crm}/last_uploadings", headers=emulator.authorization, timeout=5)
            return time.monotonic() - began

        assert seconds(session.get) < 2 * seconds(requests.get)


def test_it_stops_although_a_request_is_still_being_answered(tmp_path: Path) -> None:
    with RunningEmulator(tmp_path / "state.sqlite") as emulator, ThreadPoolExecutor(1) as pool:
        emulator.fault("slow:60")
        waiting = pool.submit(emulator.call, "GET", "/schema/types")
        while emulator.faults():
            time.sleep(0.01)
        began = time.monotonic()
        assert emulator.stop() == ""
        assert time.monotonic() - began < 20
        with pytest.raises(requests.ConnectionError):
            waiting.result()


def test_without_a_state_file_it_works_in_memory() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "metrica_emulator", *START], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.terminate()
        process.communicate(timeout=20)
    assert "listens on" in line


def test_command_switch_can_be_set_at_the_start() -> None:
    with RunningEmulator(unknown_status="fail", columns_mapping_required="off") as emulator:
        emulator.reset()
        answer = emulator.call("GET", "/schema/types")
        assert answer.status_code == 200
        order = "id,client_uniq_id,client_type,create_date_time,order_status\n"
        row = "1,1,CONTACT,2026-01-01 10:00:00,nobody_mapped_me\n"
        uploading = emulator.upload("/data/orders/csv", order + row).json()["uploading"]
        assert uploading["api_validation_errors"] == ["row 1: order_status: unknown_status"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--switch", "no_such=1"], "There is no switch no_such. The switches are:"),
        (["--switch", "unknown_status=maybe"], "Switch unknown_status takes auto or fail."),
        (["--switch", "delayed_visibility=-1"], "takes a whole number from 0."),
        (["--switch", "unknown_status"], "Write a switch as NAME=VALUE."),
        (["--time-zone", "Mars/Olympus"], "There is no time zone Mars/Olympus."),
        (["--time-zone", "Europe"], "There is no time zone Europe."),
        (["--state", "no/such/folder/state.sqlite"], "Name another with --state."),
    ],
)
def test_command_wrong_option_is_named_and_ends_with_2(arguments: list[str], message: str) -> None:
    result = run(*START, *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_command_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("--port", str(port), "--counter", "7", "--token", "made-up")
    assert result.returncode == 2
    assert f"Cannot listen on 127.0.0.1:{port}" in result.stderr
    assert "--port" in result.stderr


def test_command_file_of_another_program_is_not_touched(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.sqlite"
    connection = sqlite3.connect(foreign)
    connection.execute("create table precious (a)")
    connection.close()
    before = foreign.read_bytes()
    result = run(*START, "--state", str(foreign))
    assert result.returncode == 2
    assert "is not a state file of this emulator" in result.stderr
    assert foreign.read_bytes() == before


def test_command_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be taken for one " * 20)
    result = run(*START, "--state", str(text))
    assert result.returncode == 2
    assert "Cannot use" in result.stderr
    assert text.read_text().startswith("not a database")


def test_command_state_of_another_counter_is_not_mixed_in(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    with RunningEmulator(state, counter=1):
        pass
    result = run(*START, "--state", str(state))
    assert result.returncode == 2
    assert "holds counter 1, not 7" in result.stderr


def test_help_lists_every_switch() -> None:
    text = CliRunner().invoke(command, ["--help"]).output
    for name, default in Switches().as_dict().items():
        assert f"{name}={default}" in text


def test_readme_lists_every_switch_and_fault() -> None:
    text = " ".join((Path(metrica_emulator.__path__[0]) / "README.md").read_text().split())
    listed = re.findall(r"- `(\w+)=[^`]+`", text)
    assert listed == [name for name, _, _ in describe()]
    for name, choices, meaning in describe():
        assert f"- `{name}={choices}` — {meaning}." in text
    for fault, effect in FAULTS.items():
        assert f"- `{fault}` — {effect}." in text
