"""The README says what is true of the program."""

import re
from pathlib import Path

import click
from click.testing import CliRunner

from exporter import transport
from exporter.checks import REASONS
from exporter.cli import cli
from exporter.errors import (
    ExportError,
    InterruptedRunError,
    LedgerError,
    MetricaError,
    SettingsError,
    WarehouseError,
)

README = Path(__file__).parent.parent / "README.md"


def help_texts() -> str:
    """Return the README's section of help texts, as it must be."""
    runner = CliRunner()
    context = click.Context(cli)
    texts = []
    for command in ["", *cli.list_commands(context)]:
        arguments = [*([command] if command else []), "--help"]
        shown = runner.invoke(
            cli, arguments, prog_name="metrica-export", terminal_width=100
        ).output.rstrip()
        title = f"metrica-export {command}".rstrip()
        texts.append(f"`{title} --help`\n\n```\n{shown}\n```")
    return "\n\n".join(texts)


def test_the_help_in_the_readme_is_the_programs_own() -> None:
    found = re.search(r"<!-- help -->\n(.*)\n<!-- /help -->", README.read_text(), re.DOTALL)
    assert found
    assert found[1].strip() == help_texts()


def test_the_exit_codes_in_the_readme_are_those_of_the_errors() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (\w+)", README.read_text(), re.MULTILINE))
    assert rows == {
        "0": "clean",
        str(ExportError.exit_code): "finished",
        str(SettingsError.exit_code): "settings",
        str(WarehouseError.exit_code): "warehouse",
        str(MetricaError.exit_code): "Metrica",
        str(LedgerError.exit_code): "another",
        str(InterruptedRunError.exit_code): "interrupted",
    }


def test_the_table_of_what_is_tried_again_is_that_of_the_code() -> None:
    table = [line for line in (transport.__doc__ or "").splitlines() if line.startswith("|")]
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
    for command in cli.list_commands(click.Context(cli)):
        assert f"metrica-export {command}" in text


def test_the_link_to_each_file_holds() -> None:
    named = re.findall(r"`((?:dbt_project|exporter|docs|tests)/[\w./]+)`", README.read_text())
    assert named
    for name in named:
        assert (README.parent / name).exists(), name


def test_every_reason_is_explained() -> None:
    assert all(text.endswith(".") for text in REASONS.values())
