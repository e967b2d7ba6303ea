"""The settings file: its keys, its errors, its place behind flags and the environment."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from metrica_export.cli import options, settings_file
from metrica_export.cli.main import cli
from metrica_export.cli.option_values import options_of
from metrica_export.cli.settings_file import SETTINGS, ConfiguredCommand, key_of
from metrica_export.cli.value_types import SizeType
from metrica_export.errors import SettingsError
from metrica_export.settings import Options

from tests import settings_schema
from tests.help_page import commands

Write = Callable[..., Path]

SHOPS = """
counters:
  shop_ru: {id: 111, chunk_rows: 7}
  shop_kz: {id: 222}
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes metrica.yml into the current folder."""
    monkeypatch.chdir(tmp_path)

    def put(text: str, name: str = "metrica.yml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return put


def read(*arguments: str, env: dict[str, str] | None = None) -> Options:
    """Return the settings of a `run` with these arguments."""
    found: list[Options] = []

    @click.command(cls=ConfiguredCommand)
    @click.pass_context
    def command(_: click.Context, /, **given: Any) -> None:
        found.append(options_of(given | {"saved_plan": None}))

    (run,) = [cli.commands["run"]]
    command.params = run.params
    CliRunner().invoke(command, [*arguments], env=env or {}, catch_exceptions=False)
    return found[0]


def refused(text: str, write: Write) -> str:
    write(text)
    with pytest.raises(SettingsError) as caught:
        settings_file.read(None)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_settings_file_has_every_setting_of_a_run(write: Write) -> None:
    write(
        """
        counter: 12345678
        project_dir: crm
        profile: own
        target: prod
        staging_dir: /tmp
        mode: detailed
        merge_mode: {contacts: update}
        json_rows: 50
        late_orders: hold
        max_paid_percent: 5
        fail_on: 2.5
        chunk_rows: 10
        chunk_bytes: 64MB
        memory_mb: 1GB
        only: [orders, contacts]
        """
    )
    found = read()
    assert found.counter_id == 12345678
    assert (found.dbt.profile, found.dbt.target) == ("own", "prod")
    assert found.dbt.project_dir == Path("crm")
    assert found.form.merge_mode("contacts") == "UPDATE"
    assert (found.form.json_rows, found.form.hold_late) == (50, True)
    assert (found.gate.paid_percent, found.fail_on.percent) == (5, 2.5)
    assert (found.limits.chunk_rows, found.limits.chunk_bytes) == (10, 64_000_000)
    assert found.staging.memory_mb == 1_000
    assert found.names == ("contacts", "orders")


def test_settings_file_yields_to_environment_and_flag(write: Write) -> None:
    write("counter: 1\nchunk_rows: 10\nmerge_mode: {contacts: UPDATE}\n")
    assert read().limits.chunk_rows == 10
    env = {"METRICA_CHUNK_ROWS": "20", "METRICA_MERGE_MODE": "orders=append contacts=save"}
    found = read(env=env)
    assert found.limits.chunk_rows == 20
    assert found.form.merge_modes == (("orders", "APPEND"), ("contacts", "SAVE"))
    found = read("--chunk-rows", "30", "--counter", "9", env=env)
    assert (found.limits.chunk_rows, found.counter_id) == (30, 9)


def test_pair_of_one_mart_leaves_those_of_other_marts(write: Write) -> None:
    write(
        """
        filter: {contacts: "true", products: "false"}
        counters:
          shop:
            id: 1
            filter: {orders: a = 1, products: b = 2}
        """
    )
    file = {"contacts": "true", "orders": "a = 1", "products": "b = 2"}
    assert dict(read().dbt.filters) == file
    # The filter of the other marts would be lost, and the counter would get all their rows.
    flag = read("--filter", "orders = c = 3")
    assert dict(flag.dbt.filters) == file | {"orders": " c = 3"}
    variable = read(env={"METRICA_FILTER": "orders=d = 4"})
    assert dict(variable.dbt.filters) == file | {"orders": "d = 4"}


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_default_settings_file_that_cannot_be_read_is_an_error(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("metrica.yml"))
    with pytest.raises(SettingsError, match=r"Cannot read metrica\.yml"):
        settings_file.read(None)


def test_settings_file_that_is_too_large_is_refused_at_once(write: Write) -> None:
    write("".join(f"key_{number}: 1\n" for number in range(100_000)))
    with pytest.raises(SettingsError, match="more than 1,000,000 bytes"):
        read()


def test_settings_file_is_found_by_option_and_variable(write: Write, tmp_path: Path) -> None:
    write("counter: 1\n")
    (tmp_path / "etc").mkdir()
    other = write("counter: 2\nproject_dir: crm\n", "etc/other.yml")
    assert read().counter_id == 1
    assert read(env={"METRICA_CONFIG": str(other)}).counter_id == 2
    found = read("--config", str(other))
    # Paths begin in the folder of the file.
    assert found.dbt.project_dir == tmp_path / "etc" / "crm"


def test_settings_file_that_is_missing_is_an_error_if_it_was_named(write: Write) -> None:
    write("", "empty.yml")
    assert settings_file.read(None).settings == {}
    assert settings_file.read("empty.yml").settings == {}
    with pytest.raises(SettingsError, match=r"Cannot read nowhere\.yml .* --config"):
        settings_file.read("nowhere.yml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "mode: simple\nchunk-rows: 5\n",
            ["metrica.yml, line 2", "chunk-rows", "mean chunk_rows?"],
        ),
        ("counter_id: 5\n", ["line 1", "Did you mean counter?"]),
        ("targt: prod\n", ["Did you mean target?"]),
        ("zzz: 1\n", ["line 1: zzz: there is no such setting"]),
        ("mode: simple\nmode: detailed\n", ["line 2", "line 1"]),
        ("mode: fast\n", ["line 1: mode:", "'detailed', 'simple'"]),
        ("\nchunk_bytes: 64M\n", ["line 2: chunk_bytes:", "64MB"]),
        ("chunk_rows: 1.5\n", ["chunk_rows"]),
        ("chunk_rows: yes\n", ["chunk_rows", "text or a number"]),
        ("target: [a]\n", ["target", "text or a number"]),
        ("merge_mode: contacts=UPDATE\n", ["merge_mode", "mapping"]),
        ("- mode\n", ["not a YAML mapping"]),
        ("mode: [\n", ["metrica.yml", "not valid YAML at line"]),
        ("counters: 5\n", ["line 1: counters", "mapping"]),
        ("counters:\n  a: {}\n", ["line 2: counters.a", "`id`"]),
        ("counters:\n  a: {id: x}\n", ["line 2: counters.a.id", "number"]),
        ("counters:\n  5: {id: 5}\n", ["line 2: counters.5", "begins with a letter"]),
        ("counters:\n  a: {id: 5}\n  b: {id: 5}\n", ["line 3: counters.b.id", "a has this number"]),
        ("counters:\n  a: {id: 5, chunk_row: 1}\n", ["counters.a.chunk_row", "mean chunk_rows?"]),
        ("counters:\n  a: {id: 5, counter: 1}\n", ["counters.a.counter", "no such setting"]),
    ],
)
def test_settings_file_error_names_line_key_and_cure(
    write: Write, text: str, words: list[str]
) -> None:
    message = refused(text, write)
    assert [word for word in words if word not in message] == [], message


@pytest.mark.parametrize(
    "text",
    [
        "token: s3cret\n",
        "metrica_token: s3cret\n",
        "METRICA_TOKEN: s3cret\n",
        "webhook_url: s3cret\n",
        "api_url: y0_s3cret\n",
        "profile: OAuth y0_s3cret\n",
        "only: [y0_s3cret]\n",
        "y0_s3cret: 1\n",
        "counters:\n  a: {id: 5, token: s3cret}\n",
        "counters:\n  y0_s3cret: {id: 5}\n",
        "merge_mode: {y0_s3cret: UPDATE}\n",
        "chunk_bytes: MB y0_s3cret0123456789\n",
        "lang: Bearer y0_s3cret0123456789\n",
    ],
)
def test_settings_file_refuses_a_token_without_repeating_it(write: Write, text: str) -> None:
    message = refused(text, write)
    assert "METRICA_TOKEN" in message
    assert "environment" in message
    assert "s3cret" not in message


def test_settings_file_gives_each_counter_its_settings(write: Write) -> None:
    write(f"chunk_rows: 5\n{SHOPS}")
    found = read("--counter", "shop_ru")
    assert (found.counter_id, found.limits.chunk_rows) == (111, 7)
    assert read("--counter-id", "111").limits.chunk_rows == 7
    found = read(env={"METRICA_COUNTER_ID": "shop_kz"})
    assert (found.counter_id, found.limits.chunk_rows) == (222, 5)
    assert read("--counter", "shop_ru", "--chunk-rows", "9").limits.chunk_rows == 9


def test_settings_file_with_one_counter_needs_no_flag(write: Write) -> None:
    write("counters:\n  shop: {id: 5}\n")
    assert read().counter_id == 5
    write(f"counter: shop_kz\n{SHOPS}")
    assert read().counter_id == 222


@pytest.mark.parametrize("given", [["--counter", "shop_rus"], ["--counter", "333"]])
def test_settings_file_refuses_a_counter_that_it_does_not_list(
    write: Write, given: list[str]
) -> None:
    write(SHOPS)
    with pytest.raises(click.BadParameter, match="shop_ru, shop_kz") as caught:
        cli.main(["status", *given], standalone_mode=False)
    assert ("Did you mean shop_ru?" in caught.value.message) == (given[1] == "shop_rus")


def test_settings_file_with_several_counters_asks_for_one(write: Write) -> None:
    write(SHOPS)
    with pytest.raises(SettingsError, match=r"shop_ru, shop_kz.*--counter"):
        cli.main(["status"], standalone_mode=False)


def test_every_option_of_a_variable_is_a_setting_in_every_command() -> None:
    found: dict[str, str | None] = {}
    for words in commands(cli):
        command: click.Command = cli
        for word in words:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word) or cli
        if words and words[0] != "emulator" and not isinstance(command, click.Group):
            names = {p.name: p for p in command.params if p.envvar}
            assert not names or isinstance(command, ConfiguredCommand), words
            found |= {key_of(p): p.name for p in names.values() if p.envvar != options.CONFIG}
    assert found == {key: option.name for key, option in SETTINGS.items()}


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("64MB", 1, 64_000_000),
        ("64 mb", 1, 64_000_000),
        ("1.5GB", 10**6, 1_500),
        ("1GiB", 1, 2**30),
        ("0.1KB", 1, 100),
        ("12b", 1, 12),
        ("500", 10**6, 500),
        ("-1", 1, -1),
        ("9007199254740993B", 1, 9007199254740993),
    ],
)
def test_size_has_a_unit_or_that_of_the_option(text: str, unit: int, number: int) -> None:
    assert SizeType(unit).convert(text, None, None) == number


@pytest.mark.parametrize(
    "text", ["", "MB", "64M", "64 eggs", "1e3", "1.5", "6\uff14MB", "-1MB", "1,5MB"]
)
def test_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        SizeType(1).convert(text, None, None)


def test_published_schema_is_that_of_the_options() -> None:
    text = settings_schema.PAGE.read_text("utf-8")
    assert text == settings_schema.page(), "run `python -m tests.settings_schema`"
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("", True),
        (SHOPS, True),
        ("counter: 5", True),
        ("counter: shop", True),
        ("chunk_bytes: 64MB", True),
        ("chunk_bytes: 1.5 KiB", True),
        ("chunk_bytes: 5", True),
        ("chunk_bytes: 64M", False),
        ("chunk_bytes: 1.5", False),
        ("fail_on: 2.5", True),
        ("only: orders,contacts", True),
        ("only: [orders]", True),
        ("merge_mode: {contacts: UPDATE}", True),
        ("merge_mode: UPDATE", False),
        ("merge_mode: {contact: UPDATE}", False),
        ("mode: simple", True),
        ("mode: fast", False),
        ("chunk_rows: 5", True),
        ("chunk_rows: 5.5", False),
        ("chunk_rows: true", False),
        ("chunk-rows: 5", False),
        ("json: true", False),
        ("accept: paid", False),
        ("counters: {a: {}}", False),
        ("counters: {a: {id: 0}}", False),
        ("counters: {5a: {id: 1}}", False),
        ("counters: {a: {id: 1, counter: 2}}", False),
    ],
)
def test_published_schema_and_program_accept_the_same_files(
    write: Write, text: str, *, is_valid: bool
) -> None:
    validator = jsonschema.Draft202012Validator(settings_schema.schema())
    assert validator.is_valid(yaml.safe_load(text) or {}) == is_valid
    write(text)
    if is_valid:
        settings_file.read(None)
    else:
        with pytest.raises(SettingsError):
            settings_file.read(None)


def test_settings_file_missing_counter_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrica.yml").write_text("project_dir: .\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["plan"])
    assert result.exit_code == 2
    assert "Missing option '--counter'" in result.output
    assert "Set `counter` in metrica.yml" in result.output
