"""The Python interface: `metrica_export.run` and the names beside it."""

import json
import logging
import subprocess
import sys
import traceback

import metrica_export
import pytest
from metrica_export import Api, Gate, GateError, MetricaError, Options, SettingsError, run
from metrica_export.commands.result import RunResult
from stamina.instrumentation import get_on_retry_hooks

from tests.support.job import Job

pytestmark = pytest.mark.parametrize("job", ["duckdb"], indirect=True)


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.contacts("c1", "c2")
    job.marts.contacts("bad", phones="8 (999) 1")
    job.marts.orders("1")


def api_of(job: Job) -> Api:
    return Api(job.emulator.url, job.emulator.counter, job.emulator.token)


def test_api_run_returns_the_counts_and_prints_nothing(
    job: Job, capfd: pytest.CaptureFixture[str]
) -> None:
    hooks = get_on_retry_hooks()
    result = run(Options(job.dbt, job.emulator.counter), api_of(job))
    assert isinstance(result, RunResult)
    contacts = result.entities["contacts"]
    assert (contacts.rows, contacts.sent, contacts.rejected, contacts.pending) == (3, 2, 1, 0)
    assert (result.exit_code, result.error, result.run_no) == (0, None, 1)
    assert result.as_dict() == json.loads(result.as_json())
    assert capfd.readouterr() == ("", "")
    assert get_on_retry_hooks() == hooks
    assert job.held_by_metrica("contacts", "name").keys() == {"c1", "c2"}


def test_api_run_logs_each_event_with_its_fields(
    job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "metrica_export"):
        run(Options(job.dbt, job.emulator.counter), api_of(job))
    logged = [vars(record)["metrica"] for record in caplog.records]
    uploads = [fields for fields in logged if fields["event"] == "upload"]
    assert [(f["run_no"], f["mart"], f["rows"], f["status"]) for f in uploads] == [
        (1, "contacts", 2, "PASSED"),
        (1, "orders", 1, "PASSED"),
    ]
    assert [f["upload"] for f in uploads] == [
        upload_no
        for (upload_no,) in job.marts.sql(
            "select upload_no from metrica_export.uploads order by upload_no"
        )
    ]
    delivered = [fields for fields in logged if fields["event"] == "mart_delivered"]
    counts = {f["mart"]: (f["rows"], f["sent"], f["rejected"]) for f in delivered}
    assert (counts["contacts"], counts["orders"]) == ((3, 2, 1), (1, 1, 0))
    assert "anna@" not in caplog.text


def test_api_run_raises_the_error_with_the_counts_before_it(job: Job) -> None:
    job.emulator.fault("status:403", "POST /data/orders/csv")
    with pytest.raises(MetricaError) as caught:
        run(Options(job.dbt, job.emulator.counter), api_of(job))
    result = caught.value.result
    assert result is not None
    assert (result.exit_code, result.error) == (4, str(caught.value))
    assert result.entities["contacts"].sent == 2
    assert result.entities["orders"].pending == 1


def test_api_run_raises_when_the_gate_stops_it(job: Job) -> None:
    job.marts.contacts(*(f"b{i}" for i in range(9)), phones="8 (999) 1")
    with pytest.raises(GateError) as caught:
        run(Options(job.dbt, job.emulator.counter), api_of(job))
    assert caught.value.result is not None
    assert list(caught.value.result.exceeded) == ["unsendable"]
    accepted = Gate(accepted=frozenset({"unsendable"}))
    assert run(Options(job.dbt, job.emulator.counter, gate=accepted), api_of(job)).exit_code == 0


def test_api_run_ends_in_order_after_an_interrupt_of_the_keyboard(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("metrica_export.metrica.client.Metrica.upload", interrupt)
    with pytest.raises(metrica_export.InterruptedRunError):
        run(Options(job.dbt, job.emulator.counter), api_of(job))
    assert job.marts.sql("select exit_code from metrica_export.ledger_runs") == [(130,)]
    monkeypatch.undo()
    assert run(Options(job.dbt, job.emulator.counter), api_of(job)).entities["contacts"].sent == 2


def test_api_run_shows_no_value_of_an_unexpected_exception(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("anna@example.com")

    monkeypatch.setattr("metrica_export.metrica.client.Metrica.upload", fail)
    with pytest.raises(metrica_export.UnexpectedError) as caught:
        run(Options(job.dbt, job.emulator.counter), api_of(job))
    assert "anna" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.usefixtures("job")
def test_api_options_refuse_an_unknown_mart_and_put_the_others_in_order(job: Job) -> None:
    assert Options(job.dbt, 1, ("orders", "contacts")).names == ("contacts", "orders")
    assert Options(job.dbt, 1).names == ("order_statuses", "products", "contacts", "orders")
    with pytest.raises(SettingsError, match="Choose from order_statuses"):
        Options(job.dbt, 1, ("order",))


@pytest.mark.usefixtures("job")
def test_api_names_exist_and_are_imported_on_first_use() -> None:
    for name in metrica_export.__all__:
        assert getattr(metrica_export, name).__name__ == name
    code = (
        "import metrica_export, sys; print('duckdb' in sys.modules, 'run' in dir(metrica_export))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"
    with pytest.raises(AttributeError):
        metrica_export.runs  # noqa: B018
