"""The log as JSON, the metrics file and the webhook of `metrica-export run`."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from metrica_export.commands.result import RunResult
from metrica_export.errors import SettingsError
from metrica_export.monitoring import prometheus
from prometheus_client.parser import text_string_to_metric_families

from tests.support.job import Job
from tests.support.scripted_fixture import Reply, ScriptedServer

pytestmark = pytest.mark.parametrize("job", ["duckdb"], indirect=True)

SECRET = "s3cret"
LIMIT = 9
"""Seconds that a run may take with a bad webhook: its own second or two, and the wait."""


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.contacts("c1", "c2")
    job.marts.orders("1")


def command(job: Job, *words: str) -> list[str]:
    flags = [*job.marts.flags, "--counter-id", str(job.emulator.counter)]
    return [
        sys.executable,
        "-m",
        "metrica_export",
        "run",
        "--api-url",
        job.emulator.url,
        *flags,
        *words,
    ]


def export(job: Job, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own; no secret is in its output."""
    done = subprocess.run(
        command(job, *words),
        env=os.environ | {"METRICA_TOKEN": job.emulator.token} | env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stderr.splitlines()]


# --log-format json


def test_log_json_has_one_object_a_line_with_run_mart_upload_and_counts(job: Job) -> None:
    job.marts.contacts("bad", phones="8 (999) 1")
    job.emulator.fault("status:503", "POST /data/contacts/csv")
    logged = lines(export(job, "--log-format", "json"))
    assert {line["event"] for line in logged} >= {
        *("run_started", "mart_compared", "upload", "mart_delivered", "retry", "run_finished")
    }
    uploads = [line for line in logged if line["event"] == "upload"]
    numbers = job.marts.sql("select upload_no from metrica_export.uploads order by 1")
    assert [(line["upload"],) for line in uploads] == numbers
    assert [(line["run_no"], line["mart"], line["rows"]) for line in uploads] == [
        (1, "contacts", 2),
        (1, "orders", 1),
    ]
    last = logged[-1]
    assert (last["event"], last["level"], last["exit_code"]) == ("run_finished", "info", 0)
    assert (last["sent"], last["rejected"], last["new"]) == (3, 1, 1)
    assert all(line["run_no"] == 1 for line in logged)
    assert all({"time", "level", "message", "event"} <= line.keys() for line in logged)


@pytest.mark.parametrize(
    ("words", "env", "code"),
    [
        (["--only", "nothing"], {}, 2),
        (["--chunk-rows", "many"], {}, 2),
        (["--nothing"], {}, 2),
        ([], {"METRICA_TOKEN": ""}, 2),
        ([], {"METRICA_WEBHOOK_URL": "no address"}, 2),
        (["--metrics-file", "nowhere/metrica.prom"], {}, 2),
    ],
)
def test_log_json_has_an_error_in_the_settings(
    job: Job, words: list[str], env: dict[str, str], code: int
) -> None:
    done = export(job, *words, METRICA_LOG_FORMAT="json", **env)
    (line,) = lines(done)
    assert done.returncode == code
    assert (line["event"], line["level"]) == ("run_failed", "error")


def test_log_json_has_the_end_of_an_interrupted_run(job: Job) -> None:
    job.emulator.fault("slow:30", "POST /data/orders/csv")
    with subprocess.Popen(
        command(job, "--log-format", "json"),
        env=os.environ | {"METRICA_TOKEN": job.emulator.token},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        logged = []
        for text in process.stderr:
            logged.append(json.loads(text))
            if logged[-1]["event"] == "mart_delivered" and logged[-1]["mart"] == "contacts":
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 130
    assert (logged[-1]["event"], logged[-1]["exit_code"]) == ("run_failed", 130)
    assert job.marts.sql("select exit_code from metrica_export.ledger_runs") == [(130,)]


def test_log_json_keeps_the_exit_code_when_the_log_cannot_be_written(job: Job) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(job, "--log-format", "json", "--json"),
            env=os.environ | {"METRICA_TOKEN": job.emulator.token},
            stderr=full,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == json.loads(done.stdout)["exit_code"] == 0


# --metrics-file


def samples(path: Path) -> dict[tuple[str, ...], float]:
    """Return the values of a metrics file by name, mart and state, as Prometheus reads it."""
    found = {}
    for family in text_string_to_metric_families(path.read_text()):
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("counter") == "2215573"
            name = sample.name.removeprefix("metrica_export_")
            found[name, *labels.values()] = sample.value
    return found


def test_metrics_file_has_the_counts_and_the_time_of_the_last_success(
    job: Job, tmp_path: Path
) -> None:
    job.marts.contacts("bad", phones="8 (999) 1")
    file = tmp_path / "metrica.prom"
    before = time.time()
    assert export(job, "--metrics-file", str(file)).returncode == 0
    found = samples(file)
    assert found["last_run_exit_code",] == 0
    assert found["last_run_number",] == 1
    assert (found["rows", "contacts", "sent"], found["rows", "contacts", "rejected"]) == (2, 1)
    assert found["uploads", "orders"] == 1
    assert found["new_unsendable_rows",] == 1
    success = found["last_success_timestamp_seconds",]
    assert before - 5 < success == found["last_run_timestamp_seconds",] < time.time() + 5
    assert stat.S_IMODE(file.stat().st_mode) == 0o644

    job.marts.orders("2")
    job.emulator.fault("status:403", "POST /data/orders/csv")
    assert export(job, METRICA_METRICS_FILE=str(file)).returncode == 4
    found = samples(file)
    assert (found["last_run_exit_code",], found["rows", "orders", "pending"]) == (4, 1)
    assert found["last_success_timestamp_seconds",] == success
    assert found["last_run_timestamp_seconds",] > success

    assert export(job, "--metrics-file", str(file), METRICA_TOKEN="").returncode == 2
    assert samples(file)["last_success_timestamp_seconds",] == success
    assert [path.name for path in tmp_path.glob("*metrica.prom*")] == ["metrica.prom"]


def test_metrics_file_that_cannot_be_written_leaves_the_exit_code(job: Job, tmp_path: Path) -> None:
    (tmp_path / "metrica.prom").mkdir()
    # As the option's own check would refuse it, the folder comes between check and write.
    done = export(job, "--metrics-file", "/proc/metrica.prom")
    assert done.returncode == 0
    assert "--metrics-file /proc/metrica.prom was not written" in done.stderr
    assert job.held_by_metrica("contacts", "name").keys() == {"c1", "c2"}


def test_metrics_file_replaces_no_device_and_no_link(tmp_path: Path) -> None:
    pipe, link, file = (tmp_path / name for name in ("pipe", "link", "metrica.prom"))
    os.mkfifo(pipe)
    with pytest.raises(SettingsError, match="is no file"):
        prometheus.check_folder(pipe)
    link.symlink_to(file)
    prometheus.write(RunResult(), link)
    assert link.is_symlink()
    assert "# HELP" in file.read_text()


def test_metrics_file_shows_the_limit_that_stopped_a_run(job: Job, tmp_path: Path) -> None:
    job.marts.contacts(*(f"b{i}" for i in range(9)), phones="8 (999) 1")
    file = tmp_path / "metrica.prom"
    assert export(job, "--metrics-file", str(file)).returncode == 6
    found = samples(file)
    assert (found["last_run_exit_code",], found["gate_exceeded", "unsendable"]) == (6, 1)
    assert ("last_success_timestamp_seconds",) not in found


# The webhook


def hook(server: ScriptedServer, **env: str) -> dict[str, str]:
    return {"METRICA_WEBHOOK_URL": f"{server.url}/hooks/{SECRET}"} | env


def test_webhook_is_silent_after_a_quiet_run(job: Job) -> None:
    with ScriptedServer() as server:
        assert export(job, **hook(server)).returncode == 0
    assert server.asked == []


def test_webhook_hears_of_a_failed_run_once(job: Job) -> None:
    job.emulator.fault("status:403", "POST /data/orders/csv")
    with ScriptedServer(Reply()) as server:
        done = export(job, "--json", **hook(server, METRICA_WEBHOOK_TOKEN=SECRET))
    (asked,) = server.asked
    body = json.loads(asked.body)
    assert body["events"] == ["run_failed"]
    assert body["result"] == json.loads(done.stdout)
    assert "exit code 4" in body["text"]
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert done.returncode == 4


def test_webhook_hears_of_the_gate_and_of_expiring_orders(job: Job) -> None:
    job.marts.contacts(*(f"b{i}" for i in range(9)), phones="8 (999) 1")
    near = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 20.5 * 86400))
    job.marts.orders("2", create_date_time=near)
    job.marts.orders("3", create_date_time=near, client_uniq_id="nobody")
    with ScriptedServer(Reply()) as server:
        assert export(job, **hook(server)).returncode == 6
    (asked,) = server.asked
    body = json.loads(asked.body)
    assert body["events"] == ["gate_stopped", "orders_expiring"]
    assert "up to 2 undelivered orders" in body["text"]


def test_webhook_hears_of_new_rejects_and_not_of_old_ones(job: Job) -> None:
    job.marts.contacts("bad", phones="8 (999) 1")
    with ScriptedServer(Reply()) as server:
        assert export(job, **hook(server)).returncode == 0
        assert export(job, **hook(server)).returncode == 0
    (asked,) = server.asked
    assert json.loads(asked.body)["events"] == ["rejects_rose"]


def test_webhook_bodies_have_the_shapes_of_slack_and_telegram(job: Job) -> None:
    with ScriptedServer(Reply(), Reply()) as server:
        export(job, "--only", "<x>&", **hook(server, METRICA_WEBHOOK_FORMAT="slack"))
        telegram = {"METRICA_WEBHOOK_FORMAT": "telegram", "METRICA_WEBHOOK_CHAT": "-100"}
        export(job, "--only", "<x>&", **hook(server, **telegram))
    slack, telegram = (json.loads(asked.body) for asked in server.asked)
    assert slack.keys() == {"text"}
    assert "&lt;x&gt;&amp;" in slack["text"]
    assert telegram.keys() == {"chat_id", "text"}
    assert telegram["chat_id"] == "-100"
    assert "<x>&" in telegram["text"]
    assert telegram["text"].startswith("metrica-export, counter 2215573\n")


@contextmanager
def hostile(*pieces: bytes, reads: bool = True) -> Iterator[str]:
    """Yield the address of a server that repeats the last piece for ever, or never reads."""
    stop = Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(0.1)
            try:
                if reads:
                    connection.recv(1 << 16)
                for piece in pieces:
                    connection.sendall(piece)
                while not stop.wait(0.05):
                    if pieces:
                        connection.sendall(pieces[-1])
            except OSError:
                stop.wait(30)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/{SECRET}"
        stop.set()


HOSTILE = {
    "silent": ((), True),
    "no reader": ((), False),
    "drips a header": ((b"HTTP/1.1 200 OK\r\nX: ", b"x"), True),
    "continues for ever": ((b"HTTP/1.1 100 Continue\r\n\r\n",), True),
    "no HTTP": ((b"\x00\xff\r\n",), True),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_webhook_that_is_hostile_neither_fails_nor_holds_a_run(job: Job, kind: str) -> None:
    job.marts.contacts("bad", phones="8 (999) 1")
    pieces, reads = HOSTILE[kind]
    with hostile(*pieces, reads=reads) as url:
        started = time.monotonic()
        done = export(job, "--json", METRICA_WEBHOOK_URL=url)
        seconds = time.monotonic() - started
    assert done.returncode == json.loads(done.stdout)["exit_code"] == 0
    assert "The webhook got no message" in done.stderr
    assert "METRICA_WEBHOOK_URL" in done.stderr
    assert seconds < LIMIT + 20, "the machine may be busy"


def test_webhook_that_is_dead_leaves_the_exit_code(job: Job) -> None:
    job.emulator.fault("status:403", "POST /data/orders/csv")
    with ScriptedServer() as server:
        url = f"{server.url}/{SECRET}"
    done = export(job, METRICA_WEBHOOK_URL=url)
    assert done.returncode == 4
    assert "The webhook got no message (ConnectionError)" in done.stderr


def test_webhook_answers_are_checked_and_redirects_are_not_followed(job: Job) -> None:
    job.marts.contacts("bad", phones="8 (999) 1")
    with ScriptedServer() as server:
        server.will(Reply(302, headers={"Location": f"{server.url}/elsewhere"}))
        done = export(job, **hook(server))
    assert len(server.asked) == 1
    assert done.returncode == 0
    assert "(status 302)" in done.stderr


def test_webhook_ignores_netrc(job: Job, tmp_path: Path) -> None:
    job.marts.contacts("bad", phones="8 (999) 1")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login anna password p\n")
    (tmp_path / ".netrc").chmod(0o600)
    with ScriptedServer(Reply()) as server:
        export(job, **hook(server, HOME=str(tmp_path)))
    (asked,) = server.asked
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize(
    ("env", "word"),
    [
        ({"URL": f"ftp://{SECRET}"}, "METRICA_WEBHOOK_URL"),
        ({"URL": f"https://{SECRET}:x"}, "METRICA_WEBHOOK_URL"),
        ({"FORMAT": SECRET}, "METRICA_WEBHOOK_FORMAT"),
        ({"FORMAT": "telegram"}, "METRICA_WEBHOOK_CHAT"),
        ({"CHAT": SECRET}, "METRICA_WEBHOOK_CHAT"),
        ({"TOKEN": f"{SECRET}\n{SECRET}"}, "METRICA_WEBHOOK_TOKEN"),
        ({"URL": "http://10.0.0.1", "TOKEN": SECRET}, "clear text"),
    ],
)
def test_webhook_settings_are_refused_by_name_and_never_repeated(
    job: Job, env: dict[str, str], word: str
) -> None:
    named = {"URL": "https://hooks.example.com"} | env
    done = export(job, **{f"METRICA_WEBHOOK_{name}": value for name, value in named.items()})
    assert done.returncode == 2
    assert word in done.stderr
