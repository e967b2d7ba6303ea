"""The README says what is true of the program."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner
from metrica_export.checks.reasons import REASONS
from metrica_export.cli.main import cli
from metrica_export.errors import (
    GateError,
    InterruptedRunError,
    LedgerError,
    MetricaError,
    SettingsError,
    UnexpectedError,
    WarehouseError,
)
from metrica_export.metrica import http

README = Path(__file__).parent.parent / "README.md"
COMMANDS = README.parent / "docs" / "commands.md"


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, that of the group itself first."""
    yield path
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


def help_texts() -> str:
    """Return the page of help texts, as it must be."""
    runner = CliRunner()
    texts = []
    for words in commands(cli):
        shown = runner.invoke(
            cli, [*words, "--help"], prog_name="metrica-export", terminal_width=100
        ).output.rstrip()
        title = " ".join(("metrica-export", *words, "--help"))
        texts.append(f"`{title}`\n\n```\n{shown}\n```")
    return "\n\n".join(texts)


def test_the_help_on_its_page_is_the_programs_own() -> None:
    found = re.search(r"<!-- help -->\n(.*)\n<!-- /help -->", COMMANDS.read_text(), re.DOTALL)
    assert found
    assert found[1].strip() == help_texts()


def test_the_exit_codes_in_the_readme_are_those_of_the_errors() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (\w+)", README.read_text(), re.MULTILINE))
    assert rows == {
        "0": "finished",
        "1": "finished",
        str(SettingsError.exit_code): "settings",
        str(WarehouseError.exit_code): "warehouse",
        str(MetricaError.exit_code): "Metrica",
        str(LedgerError.exit_code): "another",
        str(GateError.exit_code): "a",
        str(UnexpectedError.exit_code): "unexpected",
        str(InterruptedRunError.exit_code): "interrupted",
    }


def test_the_table_of_what_is_tried_again_is_that_of_the_code() -> None:
    table = [line for line in (http.__doc__ or "").splitlines() if line.startswith("|")]
    assert len(table) == 6
    assert "\n".join(table) in README.read_text()


def test_the_tests_that_show_a_promise_are_there() -> None:
    rows = re.findall(r"^\| .* \| (`test.*) \|$", README.read_text(), re.MULTILINE)
    assert len(rows) > 10
    for row in rows:
        for name in re.findall(r"`(?:tests/)?(\w+)`", row):
            assert list(README.parent.glob(f"tests/{name}*")), name


def test_every_command_is_in_the_readme() -> None:
    text = README.read_text()
    for words in commands(cli):
        assert " ".join(("metrica-export", *words)) in text


def test_the_link_to_each_file_holds() -> None:
    named = re.findall(
        r"`((?:dbt_project|exporter|docs|tests|benchmarks)/[\w./]+)`", README.read_text()
    )
    assert named
    for name in named:
        assert (README.parent / name).exists(), name


def test_every_reason_is_explained() -> None:
    assert all(text.endswith(".") for text in REASONS.values())
