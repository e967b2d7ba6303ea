"""Markdown on standard output: tables for a pull request."""

import re
from typing import Any

import click

from metrica_export.metrica.redaction import printable

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@-])")


def show_markdown(
    headers: tuple[str, ...], rows: list[tuple[Any, ...]], title: str | None = None
) -> None:
    """Print a table under a heading."""
    if title:
        click.echo(f"### {title}\n")
    for row in (headers, ("---",) * len(headers), *rows):
        cells = row if row and row[0] == "---" else map(escape, row)
        click.echo(f"| {' | '.join(cells)} |")
    click.echo()


def write_markdown(text: str) -> None:
    """Print a paragraph."""
    click.echo(f"{escape(text)}\n")


def escape(value: object) -> str:
    """Return a value as text without control characters and without a meaning in Markdown."""
    return _PUNCTUATION.sub(r"\\\1", printable(value))
