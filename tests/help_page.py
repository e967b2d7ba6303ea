"""The page of help texts. `python -m tests.help_page` writes it from the program's own help."""

from collections.abc import Iterator

import click
from click.testing import CliRunner
from metrica_export.cli.main import cli

from tests.page_block import DOCS, PageBlock

BLOCK = PageBlock(DOCS / "reference" / "commands.md", "help")


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


if __name__ == "__main__":
    BLOCK.write(help_texts())
