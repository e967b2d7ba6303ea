"""The options `--format` and `--output` of commands whose result may be a Parquet file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from metrica_export.errors import SettingsError

PARQUET = "parquet"

output = click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file of --format parquet. Only you can read it.",
)


def form(*others: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--format`: the first of the others is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice([*others, PARQUET]),
        default=others[0],
        show_default=True,
        help=text,
    )


def choose(form: str, file: Path | None, **shortcuts: bool) -> str:
    """Return the format: that of `--format`, or of its shortcuts, for example `json=True`.

    Raises SettingsError for two formats, and for a Parquet file without a name.
    """
    default = click.get_current_context().get_parameter_source("form")
    is_given = default is not click.core.ParameterSource.DEFAULT
    wanted = {form} if is_given else set()
    wanted |= {name for name, is_set in shortcuts.items() if is_set}
    if len(wanted) > 1:
        names = " and ".join(sorted(wanted))
        raise SettingsError(f"Two formats are given: {names}. Choose one of them.")
    (found,) = wanted or {form}
    if found == PARQUET and file is None:
        raise SettingsError("--format parquet writes a file. Add --output with its name.")
    if found != PARQUET and file is not None:
        raise SettingsError(f"--output {file} is the file of --format parquet. Add that.")
    if file is not None and not file.parent.is_dir():
        raise SettingsError(f"There is no folder {file.parent} for --output. Create it.")
    return found
