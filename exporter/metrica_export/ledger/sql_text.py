"""The `.sql` files of the ledger, as texts that the warehouse can run."""

import re
from functools import cache
from importlib.resources import files

from metrica_export.warehouse.connection import LEDGER

_PLACEHOLDER = re.compile(r"(?<![:\w]):([a-z][a-z0-9_]*)")


@cache
def load(file: str) -> str:
    """Return a `.sql` file of this package without its comments.

    In the file the ledger's schema is `metrica_export`; the text has the mark of the schema that
    the ledger is in.
    """
    lines = files(__package__).joinpath(file).read_text("utf-8").splitlines()
    code = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    return code.replace("metrica_export.", f"{LEDGER}.").strip()


def render(file: str, **parts: str | int) -> str:
    """Return a `.sql` file with SQL in place of its placeholders, as in `:entity`."""
    return _PLACEHOLDER.sub(lambda found: str(parts[found[1]]), load(file))


def statements(file: str) -> list[str]:
    """Return the statements of a `.sql` file."""
    return [text for part in load(file).split(";") if (text := part.strip())]
