"""The doctor: each line fine, worth a look, and in the way, on both warehouses."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from metrica_export.cli.main import cli
from metrica_export.errors import InterruptedRunError

from tests.support.job import Job
from tests.support.marts_fixture import CONTACT
from tests.support.ports import free_port
from tests.support.scripted_fixture import ScriptedServer, ok

HOUR = 3600


@dataclass(frozen=True)
class Told:
    """What the doctor has said: its lines by their name, what it skipped, how it ended."""

    lines: dict[str, dict[str, Any]]
    skipped: list[str]
    code: int

    def levels(self) -> dict[str, str]:
        return {check: line["level"] for check, line in self.lines.items()}

    def text(self, check: str) -> str:
        return f"{self.lines[check]['found']} {self.lines[check]['advice']}"


def ask(job: Job, *words: str, env: Mapping[str, str | None] | None = None) -> Told:
    """Ask the doctor about a job, in lines and in JSON; no secret is in either."""
    flags = [*job.marts.flags, "--api-url", job.emulator.url, *words]
    given: dict[str, str | None] = {
        "METRICA_TOKEN": job.emulator.token,
        "METRICA_COUNTER_ID": str(job.emulator.counter),
        **(env or {}),
    }
    shown = CliRunner().invoke(cli, ["doctor", "--json", *flags], env=given)
    said = json.loads(shown.stdout)
    plain = CliRunner().invoke(cli, ["doctor", *flags], env=given)
    assert shown.exit_code == plain.exit_code == said["exit_code"]
    lines = plain.stdout.splitlines()
    assert len(lines) == len(said["checks"]) + bool(said["skipped"])
    for line, check in zip(lines, said["checks"], strict=False):
        assert line.startswith(f"{check['level']:<8} {check['check']}: ")
    secrets = [job.emulator.token, CONTACT["emails"], CONTACT["phones"]]
    if job.marts.database and job.marts.database.password:
        secrets.append(job.marts.database.password)
    for secret in secrets:
        assert str(secret) not in shown.output + plain.output
    checks = {check["check"]: check for check in said["checks"]}
    assert len(checks) == len(said["checks"])
    for check in checks.values():
        assert (check["level"] == "error") == (check["exit_code"] > 0)
    return Told(checks, said["skipped"], said["exit_code"])


@pytest.fixture
def ran(job: Job) -> Job:
    """Return a job whose first run was clean."""
    job.marts.put("order_statuses", {"id": "sold", "type": "PAID", "goal_action_ids": "buy"})
    job.marts.contacts("c1")
    job.marts.orders("1", order_status="sold")
    add_goals(job, "buy")
    assert job.run().exit_code == 0
    return job


def add_goals(job: Job, *goals: str) -> None:
    url = f"{job.emulator.url}/debug/javascript_goals"
    requests.post(url, json=list(goals), timeout=10).raise_for_status()


def add_attribute(job: Job, type_name: str) -> None:
    attribute = {"name": "items_count", "type_name": type_name, "multivalued": False}
    job.emulator.call(
        "POST",
        "/schema/attributes",
        params={"entity_type": "ORDER"},
        json={"attributes": [attribute]},
    ).raise_for_status()


def edit_status(job: Job, **status: Any) -> None:
    url = f"{job.emulator.url}/debug/order_statuses"
    requests.post(url, json=status, timeout=10).raise_for_status()


def write_seed(job: Job, content: bytes) -> None:
    folder = job.marts.folder / "seeds"
    folder.mkdir()
    (folder / "order_status_map.csv").write_bytes(content)


def point_at(job: Job, **cells: Any) -> None:
    path = job.marts.folder / "profiles.yml"
    profiles = json.loads(path.read_text())
    profiles["crm"]["outputs"][profiles["crm"]["target"]] |= cells
    path.write_text(json.dumps(profiles))


LINES = [
    *("seeds", "settings", "warehouse", "ledger", "token", "extension", "destination"),
    *("last run", "quota", "mart order_statuses", "mart products", "mart contacts", "mart orders"),
    *("left out", "access", "scope", "uploads", "first-party data", "clocks", "time zone"),
    *("statuses", "goals", "attributes of contacts", "attributes of orders"),
]


def test_all_is_well_after_a_clean_run_and_nothing_is_written(ran: Job) -> None:
    before = ran.emulator.sql("select max(seq) from requests")
    runs = ran.marts.sql("select count(*) from metrica_export.ledger_runs")
    told = ask(ran)
    assert set(told.levels().values()) == {"ok"}, told.lines
    assert [line for line in told.lines if "simple" not in line] == LINES
    assert (told.code, told.skipped) == (0, [])
    assert "as this program needs it" in told.text("ledger")
    assert "exit code 0" in told.text("last run")
    assert "Metrica last accepted an upload" in told.text("scope")
    methods = ran.emulator.sql(
        "select distinct method from requests where seq > ?", *(before[0] or (0,))
    )
    assert methods == [("GET",)]
    assert ran.marts.sql("select count(*) from metrica_export.ledger_runs") == runs


def test_before_the_first_run_only_the_scope_is_in_doubt(job: Job) -> None:
    add_goals(job, "buy")
    job.marts.put("order_statuses", {"id": "sold", "type": "PAID", "goal_action_ids": "buy"})
    told = ask(job)
    assert {check for check, level in told.levels().items() if level != "ok"} == {"scope"}
    assert "metrika:write" in told.text("scope")
    assert "none yet" in told.text("ledger")
    assert told.text("destination") == "an emulator; this counter has no upload yet "
    assert told.text("uploads") == "Metrica lists no upload "
    assert "no run yet" in told.text("last run")
    assert "not in Metrica yet: items_count" in told.text("attributes of orders")
    assert "sold" in told.text("statuses")
    assert told.code == 0


def test_doctor_skips_checks_that_read_a_missing_mart(job: Job) -> None:
    job.marts.sql("drop table metrica.order_statuses")
    told = ask(job)
    assert told.lines["mart order_statuses"]["level"] == "error"
    assert told.skipped == ["statuses", "goals"]
    assert "Catalog Error" not in str(told.lines)
    assert told.code == 3


def test_doctor_extension_is_named_where_it_is_needed(ran: Job) -> None:
    text = ask(ran).text("extension")
    assert ("is loaded into DuckDB v" in text) == (ran.marts.database is not None)


Change = Callable[[Job], object]


def ledger(statement: str) -> Change:
    return lambda job: job.marts.sql(f"{statement.replace('L.', 'metrica_export.ledger_')}")


@pytest.mark.parametrize(
    ("change", "check", "level", "words", "code"),
    [
        (
            lambda job: job.marts.sql("alter table metrica.orders drop column currency"),
            "mart orders",
            "error",
            ["currency", "dbt build"],
            3,
        ),
        (
            ledger("update L.version set version = 99"),
            "ledger",
            "error",
            ["99", "Install the version"],
            5,
        ),
        (ledger("delete from L.version"), "ledger", "error", ["damaged"], 5),
        (
            ledger("update L.version set version = 2"),
            "ledger",
            "error",
            ["2", "Install the version"],
            5,
        ),
        (
            ledger("update L.uploads set local_api = false"),
            "destination",
            "error",
            ["another counter number"],
            5,
        ),
        (
            ledger("update L.runs set message = '1 row rejected, 0 held'"),
            "last run",
            "ok",
            ["exit code 0", "1 row rejected", "rejects"],
            0,
        ),
        (
            ledger("update L.runs set exit_code = 1, message = '1 row rejected, 0 held'"),
            "last run",
            "warning",
            ["exit code 1", "1 row rejected", "rejects"],
            0,
        ),
        (
            ledger("update L.runs set exit_code = 4, message = 'The quota is gone.'"),
            "last run",
            "warning",
            ["exit code 4", "The quota is gone."],
            0,
        ),
        (ledger("update L.runs set finished_at = null"), "last run", "warning", ["killed"], 0),
        (ledger("update L.runs set requests = 3900"), "quota", "warning", ["100 of 4000"], 0),
        (ledger("update L.runs set requests = 4000"), "quota", "error", ["0 of 4000"], 4),
        (
            lambda job: job.marts.record_build("contacts", "Asia/Omsk"),
            "time zone",
            "error",
            ["Europe/Moscow", "contacts in Asia/Omsk", "--full-refresh"],
            2,
        ),
        (
            lambda job: job.marts.record_build("contacts", "W-SU"),
            "time zone",
            "ok",
            ["Europe/Moscow"],
            0,
        ),
        (
            lambda job: job.marts.sql("delete from metrica_work.mart_builds where mart = 'orders'"),
            "time zone",
            "error",
            ["metrica_work.mart_builds has no build of mart orders", "Run `dbt build`"],
            3,
        ),
        (
            lambda job: write_seed(job, "crm_status,humanized\nnew,Новый\n".encode("cp1251")),
            "seeds",
            "error",
            ["order_status_map.csv is not UTF-8 (line 2)", "CSV UTF-8", "dbt build"],
            2,
        ),
        (
            lambda job: write_seed(job, "\ufeffcrm_status,humanized\nnew,Новый\n".encode()),
            "seeds",
            "ok",
            ["1 seed file of"],
            0,
        ),
        (
            lambda job: job.emulator.switches(first_party_data="off"),
            "first-party data",
            "warning",
            ["does not collect"],
            0,
        ),
        (
            lambda job: edit_status(job, id="sold", type="OTHER"),
            "statuses",
            "error",
            ["sold (type)", "schema apply", "seed"],
            6,
        ),
        (
            lambda job: job.marts.put("order_statuses", {"id": "sold", "type": "OTHER"}),
            "statuses",
            "ok",
            ["new or changed in the mart: sold"],
            0,
        ),
        (lambda job: add_attribute(job, "text"), "attributes of orders", "error", ["numeric"], 4),
        (
            lambda job: job.marts.put(
                "order_statuses", {"id": "sold", "type": "PAID", "goal_action_ids": "buy,leed"}
            ),
            "goals",
            "warning",
            ["no JavaScript goals of the counter: leed", "not the goal's number"],
            0,
        ),
        (
            lambda job: job.marts.put("order_statuses", {"id": "idle", "type": "OTHER"}),
            "goals",
            "warning",
            ["reach no goal: idle"],
            0,
        ),
        (lambda job: job.emulator.move_clock(120), "clocks", "warning", ["s ahead of", "NTP"], 0),
        (lambda job: job.emulator.move_clock(-120), "clocks", "warning", ["ahead of Metrica"], 0),
        (lambda job: job.emulator.move_clock(2 * HOUR), "clocks", "error", ["NTP"], 3),
    ],
)
def test_doctor_line_says_what_is_wrong_and_the_others_are_as_before(  # noqa: PLR0913, PLR0917 - a table
    ran: Job, change: Change, check: str, level: str, words: list[str], code: int
) -> None:
    change(ran)
    told = ask(ran)
    assert told.levels()[check] == level, told.lines
    for word in words:
        assert word in told.text(check)
    assert told.code == code
    others = {name: other for name, other in told.levels().items() if name != check}
    assert "error" not in others.values(), told.lines
    # Nothing else needs what has failed but what reads the ledger.
    waiting = {"destination", "last run", "quota", "statuses", "uploads", "left out"}
    assert set(told.skipped) <= waiting


def test_doctor_mapping_that_somebody_else_made_is_pointed_out_before_it_is_overwritten(
    job: Job,
) -> None:
    job.marts.put("order_statuses", {"id": "sold", "type": "PAID"})
    edit_status(job, id="sold", type="SPAM")
    told = ask(job)
    assert told.levels()["statuses"] == "warning"
    assert "sold" in told.text("statuses")
    assert "schema diff" in told.text("statuses")


def test_doctor_status_of_type_other_that_is_a_goal_reaches_it(ran: Job) -> None:
    ran.marts.put("order_statuses", {"id": "lead", "type": "OTHER"})
    add_goals(ran, "lead")
    assert ask(ran).levels()["goals"] == "ok"


def test_doctor_machine_whose_clock_is_wrong_is_told_from_a_warehouse(
    ran: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = SimpleNamespace(
        time=lambda: time.time() - 2 * HOUR, sleep=time.sleep, monotonic=time.monotonic
    )
    monkeypatch.setattr("metrica_export.metrica.http.time", late)
    monkeypatch.setattr("metrica_export.commands.doctor.warehouse_checks.time", late)
    told = ask(ran)
    assert told.levels()["clocks"] == "error"
    assert "ahead of this machine" in told.text("clocks")
    assert told.code == 2


METRICA_LINES = {"access", "scope", "first-party data", "time zone"}
WAREHOUSE_LINES = {"warehouse", "extension", "last run", "quota", "ledger", "mart orders"}


def test_doctor_reports_each_check_at_once_and_offline_checks_before_the_network(
    ran: Job, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    said: list[str] = []
    monkeypatch.setattr("click.echo", lambda text, **_: said.append(str(text)))
    before: list[int] = []

    def dead(*_: Any, timeout: tuple[float, float], **__: Any) -> None:
        before.append(len(said))
        assert max(timeout) <= 30
        raise requests.ConnectionError

    monkeypatch.setattr("metrica_export.metrica.http.Session.request", dead)
    flags = [*ran.marts.flags, "--api-url", ran.emulator.url, "--counter-id"]
    env = {"METRICA_TOKEN": ran.emulator.token}
    shown = CliRunner().invoke(cli, ["doctor", *flags, str(ran.emulator.counter)], env=env)
    assert shown.exit_code == 4
    offline = LINES[: LINES.index("access")]
    assert before[0] >= len(offline)
    told_before = [line.split(maxsplit=1)[1].split(":")[0] for line in said[: before[0]]]
    assert set(offline) <= set(told_before)
    assert (len(before), sum(waits) < 10) == (2, True)


@pytest.mark.usefixtures("waits")
def test_without_metrica_the_warehouse_is_looked_at(ran: Job) -> None:
    told = ask(ran, "--api-url", f"http://127.0.0.1:{free_port()}")
    assert told.levels()["access"] == "error"
    assert {told.levels()[check] for check in WAREHOUSE_LINES} == {"ok"}
    assert told.levels()["clocks"] == "ok"
    assert {"time zone", "statuses", "goals", "attributes of orders"} <= set(told.skipped)
    assert told.code == 4


def test_without_the_warehouse_metrica_is_looked_at(ran: Job) -> None:
    if ran.marts.database:
        point_at(ran, port=free_port())
    else:
        point_at(ran, path=str(ran.marts.folder / "nowhere.duckdb"))
    told = ask(ran)
    assert told.levels()["warehouse"] == "error"
    assert METRICA_LINES | {"clocks", "attributes of orders"} <= set(told.lines)
    assert told.levels()["time zone"] == "ok"
    assert {"ledger", "mart orders", "statuses", "quota", "extension"} <= set(told.skipped)
    assert told.code == 3


def test_without_a_manifest_metrica_is_looked_at(ran: Job) -> None:
    (ran.marts.folder / "target" / "manifest.json").unlink()
    told = ask(ran)
    assert told.levels()["settings"] == "error"
    assert "dbt build" in told.text("settings")
    assert told.levels()["access"] == "ok"
    assert {"warehouse", "marts", "time zone"} <= set(told.skipped)
    assert told.code == 2


def test_without_a_token_the_warehouse_is_looked_at(ran: Job) -> None:
    told = ask(ran, env={"METRICA_TOKEN": None})
    assert told.levels()["token"] == "error"
    assert {told.levels()[check] for check in WAREHOUSE_LINES} == {"ok"}
    assert {"destination", "access"} <= set(told.skipped)
    assert told.code == 2


@pytest.mark.parametrize("env", [{"METRICA_TOKEN": "another"}, {"METRICA_COUNTER_ID": "5"}])
def test_doctor_token_or_counter_that_metrica_does_not_know_is_an_error(
    ran: Job, env: dict[str, str | None]
) -> None:
    told = ask(ran, env=env)
    assert told.levels()["access"] == "error"
    assert told.code == 4


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_doctor_ends_at_a_signal_without_the_other_checks(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise InterruptedRunError("Interrupted by SIGTERM.")

    monkeypatch.setattr("metrica_export.commands.doctor.warehouse_checks.quota", interrupt)
    job.run()
    flags = [*job.marts.flags, "--api-url", job.emulator.url]
    env = {
        "METRICA_TOKEN": job.emulator.token,
        "METRICA_COUNTER_ID": str(job.emulator.counter),
    }
    shown = CliRunner().invoke(cli, ["doctor", "--json", *flags], env=env)
    assert isinstance(shown.exception, InterruptedRunError)
    assert shown.stdout == ""


def test_doctor_token_that_may_only_read_is_not_taken_for_one_that_may_write(job: Job) -> None:
    job.emulator.switches(token_scope="read")
    assert ask(job).levels()["scope"] == "warning"


def test_doctor_flag_that_metrica_does_not_tell_is_not_taken_for_on(job: Job) -> None:
    counter = {"time_zone_name": "Europe/Moscow"}
    lists: dict[str, list[object]] = {"goals": [], "order_statuses": [], "custom_attributes": []}
    with ScriptedServer(*[ok(counter=counter, **lists)] * 20) as server:
        told = ask(job, "--api-url", server.url)
    assert told.levels()["first-party data"] == "warning"
    assert "does not say" in told.text("first-party data")
