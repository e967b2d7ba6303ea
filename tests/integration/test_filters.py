"""Several counters of one project, each with its own rows of the marts."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from metrica_export.cli.main import cli
from metrica_export.errors import SettingsError
from metrica_export.settings import DbtSettings, Gate

from tests.integration.test_doctor import ask
from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job

ON_DUCKDB = pytest.mark.parametrize("job", ["duckdb"], indirect=True)
LATER = "2026-11-03 00:00:00+00"
CONTACTS = "uniq_id in (select client_uniq_id from metrica.orders where id like '{site}%')"

Command = Callable[..., Result]


FILTER = Gate(accepted=frozenset({"filter"}))


def filters(site: str) -> tuple[tuple[str, str], ...]:
    # A comment at the end must not swallow the rest of a query.
    return (
        ("orders", f"id like '{site}%' -- the site's orders"),
        ("contacts", CONTACTS.format(site=site)),
    )


@pytest.fixture
def ru(job: Job) -> Job:
    """Return the export of one site's rows; two contacts bought on both sites or one."""
    job.marts.put("order_statuses", {"id": "new", "type": "IN_PROGRESS"})
    job.marts.contacts("c1", "c2", "c3")
    job.marts.orders("ru1", "ru2", client_uniq_id="c1")
    job.marts.orders("kz1", client_uniq_id="c1")
    job.marts.orders("kz2", client_uniq_id="c2")
    return replace(job, filters=filters("ru"))


@pytest.fixture
def kz(job: Job) -> Iterator[Job]:
    """Return the export of the other site's rows to another counter."""
    with RunningEmulator(counter=77) as emulator:
        yield Job(job.marts, emulator, filters("kz"))


def keys(job: Job, mart: str) -> set[str]:
    return set(job.held_by_metrica(mart, "create_date_time"))


def test_filters_give_each_counter_its_own_rows(ru: Job, kz: Job) -> None:
    assert ru.plan().entities["orders"].sent == 2
    assert ru.sent() == {"order_statuses": 1, "contacts": 1, "orders": 2}
    assert kz.sent() == {"order_statuses": 1, "contacts": 2, "orders": 2}
    assert (keys(ru, "contacts"), keys(ru, "orders")) == ({"c1"}, {"ru1", "ru2"})
    assert (keys(kz, "contacts"), keys(kz, "orders")) == ({"c1", "c2"}, {"kz1", "kz2"})
    assert ru.sent() == kz.sent() == {}
    ru.marts.orders("ru3", "kz3", updated_at=LATER)
    assert ru.sent() == kz.sent() == {"orders": 1}


def test_views_show_a_counter_only_its_rows(ru: Job, kz: Job) -> None:
    ru.sent()
    assert ru.states("orders") == {"ru1": ("sent", None), "ru2": ("sent", None)}
    kz.sent()
    assert set(kz.states("contacts")) == {"c1", "c2"}
    assert set(ru.states("contacts")) == {"c1"}
    windows = dict(
        ru.marts.sql(
            "select counter_id, count(*) from metrica_export.deadlines group by counter_id"
        )
    )
    assert windows == {ru.emulator.counter: 2, 77: 2}
    unfiltered = replace(kz, filters=())
    unfiltered.sent(gate=FILTER)
    assert set(kz.states("contacts")) == {"c1", "c2", "c3"}
    assert set(ru.states("contacts")) == {"c1"}


def test_row_that_leaves_a_filter_has_vanished_and_comes_back(ru: Job) -> None:
    ru.sent()
    # No `updated_at` changes: the checksum of the counter's rows shows it.
    ru.marts.sql("update metrica.orders set id = 'kz9' where id = 'ru2'")
    outcome = ru.run()
    assert outcome.error is None
    assert outcome.changes["orders"].vanished == 1
    assert ru.states("orders") == {"ru1": ("sent", None)}
    ru.marts.sql("update metrica.orders set id = 'ru2' where id = 'kz9'")
    outcome = ru.run()
    assert (outcome.changes["orders"].vanished, outcome.entities["orders"].unchanged) == (0, 2)


def test_contact_that_leaves_a_filter_can_be_erased(ru: Job) -> None:
    ru.sent()
    ru.marts.sql("delete from metrica.orders where id like 'ru%'")
    accepted = Gate(accepted=frozenset({"shrink"}))
    outcome = ru.run(erase_vanished="contacts", gate=accepted)
    assert outcome.error is None
    assert ru.held_by_metrica("contacts", "emails") == {"c1": None}


def test_contact_that_a_filter_leaves_out_holds_its_order(ru: Job) -> None:
    job = replace(ru, filters=(ru.filters[0], ("contacts", "uniq_id = 'c2'")))
    outcome = job.run(gate=Gate(accepted=frozenset({"unsendable"})))
    assert outcome.entities["orders"].held == 2
    assert job.states("orders")["ru1"] == ("held", "contact_unknown")


def test_wrong_filter_of_many_rows_stops_at_the_gate(job: Job) -> None:
    job.marts.contacts(*(f"c{n}" for n in range(20)))
    assert job.sent() == {"contacts": 20}
    narrow = replace(job, filters=(("contacts", "uniq_id like 'c1%'"),))
    assert "contacts had 20 rows and has 11" in (narrow.run().error or "")


@pytest.fixture
def many(job: Job) -> Job:
    """Return the export of 20 of 41 contacts, which were delivered."""
    job.marts.contacts(*(f"a{n:02}" for n in range(20)), *(f"b{n:02}" for n in range(21)))
    job.marts.orders("a1")
    own = replace(job, filters=(("contacts", "uniq_id like 'a%'"),))
    assert own.sent()["contacts"] == 20
    return own


def widened(job: Job, *conditions: tuple[str, str]) -> Job:
    return replace(job, filters=conditions)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        # Removed from metrica.yml, or a flag that is missing from the command.
        ((), "contacts had a filter and has none, which adds 21 to its row count of 20"),
        ((("orders", "true"),), "contacts had a filter and has none"),
        ((("contacts", "true"),), "the changed filter of contacts adds 21 to its row count of 20"),
        (
            (("contacts", "uniq_id like 'a%' or uniq_id < 'b10'"),),
            "the changed filter of contacts adds 10 to its row count of 20; the limit is 10 %",
        ),
    ],
)
def test_filter_that_is_lost_or_widened_stops_until_it_is_accepted_or_restored(
    many: Job, conditions: tuple[tuple[str, str], ...], message: str
) -> None:
    wide = widened(many, *conditions)
    for _ in range(2):
        outcome = wide.run()
        assert (outcome.exit_code, list(outcome.exceeded)) == (6, ["filter"])
        assert message in (outcome.error or "")
        assert "--accept filter" in (outcome.error or "")
    assert wide.plan().exit_code == 6
    # Neither the stopped runs nor the views took the other filter.
    assert set(many.states("contacts")) == {f"a{n:02}" for n in range(20)}
    assert many.sent() == {}
    accepted = wide.run(gate=FILTER)
    assert accepted.error is None
    assert accepted.entities["contacts"].sent > 9
    assert wide.sent() == {}


@pytest.mark.parametrize(
    "conditions",
    [
        (("contacts", "uniq_id like 'a%' and true"),),
        (("contacts", "uniq_id like 'a%' or uniq_id < 'b09'"),),
        (("contacts", "uniq_id < 'a19'"),),
    ],
)
def test_filter_that_is_rewritten_or_adds_few_rows_needs_no_word(
    many: Job, conditions: tuple[tuple[str, str], ...]
) -> None:
    assert widened(many, *conditions).run().exit_code == 0


def test_filter_over_another_mart_that_is_lost_stops_the_run(ru: Job) -> None:
    ru.sent()
    outcome = replace(ru, filters=(ru.filters[0],)).run()
    assert list(outcome.exceeded) == ["filter"]
    assert "contacts had a filter and has none, which adds 2 to its row count of 1" in (
        outcome.error or ""
    )


def test_filter_that_is_lost_before_any_delivery_needs_no_word(ru: Job) -> None:
    # Orders alone are held, since Metrica has no contact of theirs.
    assert ru.run(("orders",), gate=Gate(accepted=frozenset({"unsendable"}))).error is None
    assert ru.uploads() == []
    assert replace(ru, filters=()).run().error is None


def test_partial_run_without_the_filter_of_another_mart_keeps_that_filter(ru: Job) -> None:
    ru.sent()
    assert replace(ru, filters=(ru.filters[0],)).run(("orders",)).error is None
    assert set(ru.states("contacts")) == {"c1"}
    assert list(replace(ru, filters=()).run().exceeded) == ["filter"]


@pytest.mark.parametrize(
    "condition", ["nonsense", "id like", "id = 'a'); drop table metrica.orders; select (true"]
)
def test_filter_that_is_no_condition_is_named_before_anything_is_sent(
    job: Job, condition: str
) -> None:
    job.marts.orders("1")
    wrong = replace(job, filters=(("orders", condition),))
    error = wrong.run().error or ""
    assert "The filter of mart orders is not a condition" in error
    assert "metrica.yml" in error
    assert job.uploads() == []


@ON_DUCKDB
def test_filter_of_a_mart_that_the_project_lacks_is_refused(job: Job) -> None:
    with pytest.raises(SettingsError, match="give a mart and an SQL condition"):
        replace(job, filters=(("order", "true"),)).plan()
    with pytest.raises(SettingsError, match="twice"):
        DbtSettings(Path(), filters=(("orders", "true"), ("orders", "false")))


@pytest.fixture
def command(ru: Job, kz: Job, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return the command line in a folder with the settings of both sites."""
    monkeypatch.chdir(ru.marts.folder)
    sites = {
        name: {
            "id": job.emulator.counter,
            "api_url": job.emulator.url,
            "filter": dict(job.filters),
        }
        for name, job in {"shop_ru": ru, "shop_kz": kz}.items()
    }
    # JSON is YAML.
    settings = {"project_dir": ".", "profiles_dir": ".", "counters": sites}
    Path("metrica.yml").write_text(json.dumps(settings, indent=1), "utf-8")

    def call(*words: str) -> Result:
        return CliRunner().invoke(cli, words, env={"METRICA_TOKEN": ru.emulator.token})

    return call


@ON_DUCKDB
def test_commands_of_a_counter_of_the_settings_file(command: Command, ru: Job, kz: Job) -> None:
    planned = json.loads(command("plan", "--counter", "shop_ru", "--json").stdout)
    assert planned["entities"]["orders"]["sent"] == 2
    ran = json.loads(command("run", "--counter", "shop_ru", "--json").stdout)
    assert (ran["exit_code"], ran["counter"]) == (0, ru.emulator.counter)
    assert (keys(ru, "orders"), keys(kz, "orders")) == ({"ru1", "ru2"}, set())
    assert command("run", "--counter", "77").exit_code == 0
    assert keys(kz, "orders") == {"kz1", "kz2"}
    status = json.loads(command("status", "--counter", "shop_kz", "--json").stdout)
    assert status["entities"]["contacts"] == {
        "rows": 2,
        "pending": 0,
        "sent": 2,
        "rejected": 0,
        "held": 0,
    }
    found = command("explain", "--counter", "shop_ru", "orders", "kz1")
    assert found.exit_code == 1
    assert "filter may leave the row out" in found.stdout
    assert command("explain", "--counter", "shop_kz", "orders", "kz1").exit_code == 0
    figures = json.loads(command("report", "--counter", "shop_ru", "--json").stdout)
    assert sum(month["orders"] for month in figures["match_keys"]["months"]) == 2


def test_doctor_checks_filters(ru: Job) -> None:
    told = ask(ru, *(f"--filter={mart}={text}" for mart, text in ru.filters))
    assert told.levels()["filters"] == "ok"
    assert "the filter selects 2 of 4 rows" in told.text("mart orders")
    told = ask(ru, "--filter", "orders=id = 'nobody'")
    assert told.levels()["filters"] == told.levels()["mart orders"] == "warning"
    assert "all contacts" in told.text("filters")
    assert "the filter selects 0 of 4 rows" in told.text("mart orders")
    told = ask(ru, "--filter", "orders=nonsense")
    assert (told.levels()["mart orders"], told.code) == ("error", 2)


@ON_DUCKDB
def test_gate_and_reasons_are_in_the_language_of_the_settings_file(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.marts.contacts(*(f"c{n}" for n in range(10)), phones="+7 999")
    monkeypatch.chdir(job.marts.folder)
    settings = {"counter": job.emulator.counter, "api_url": job.emulator.url, "lang": "ru"}
    Path("metrica.yml").write_text(json.dumps(settings), "utf-8")
    env = {"METRICA_TOKEN": job.emulator.token}
    stopped = CliRunner().invoke(cli, ["run"], env=env)
    assert stopped.exit_code == 6
    assert "Ничего не отправлено: в contacts отклонено или задержано строк: 10 из 10" in (
        stopped.stderr
    )
    assert "--accept unsendable" in stopped.stderr
    assert CliRunner().invoke(cli, ["run", "--accept", "unsendable"], env=env).exit_code == 0
    rejects = CliRunner().invoke(cli, ["rejects", "--json"], env=env)
    texts = {row["explanation"] for row in json.loads(rejects.stdout)["rejects"]}
    assert {text.split(";")[0] for text in texts} == {
        "Телефон — от 7 до 15 цифр \N{CYRILLIC SMALL LETTER ES} кодом страны"
    }
    found = CliRunner().invoke(cli, ["explain", "contacts", "c1"], env=env)
    assert "Телефон — от 7 до 15 цифр" in found.stdout
    english = CliRunner().invoke(cli, ["explain", "contacts", "c1", "--lang", "en"], env=env)
    assert "Phones are 7 to 15 digits" in english.stdout
