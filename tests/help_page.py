"""The page of help texts. `python -m tests.help_page` writes it from the program's own help."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner
from metrica_export.cli.main import cli

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "commands.md"
_BLOCK = re.compile(r"(?<=<!-- help -->\n).*(?=\n<!-- /help -->)", re.DOTALL)


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, those of the group itself first."""
    yield path
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


def help_texts() -> str:
    """Return the help of every command, as the page shows it."""
    runner = CliRunner()
    texts = []
    for words in commands(cli):
        shown = runner.invoke(
            cli, [*words, "--help"], prog_name="metrica-export", terminal_width=100
        ).output.rstrip()
        title = " ".join(("metrica-export", *words, "--help"))
        texts.append(f"`{title}`\n\n```\n{shown}\n```")
    return "\n\n".join(texts)


def read() -> str:
    """Return the help texts that the page has now."""
    found = _BLOCK.search(PAGE.read_text("utf-8"))
    assert found, f"{PAGE} has no block of help texts"
    return found[0]


def write() -> None:
    """Replace the help texts on the page."""
    text = PAGE.read_text("utf-8")
    PAGE.write_text(_BLOCK.sub(lambda _: help_texts(), text), "utf-8")


if __name__ == "__main__":
    write()
