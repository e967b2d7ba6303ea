"""The table of staging tables. `python -m tests.staging_page` writes it from the declarations."""

import re
from pathlib import Path

from metrica_export.warehouse.staging import STAGING_TABLES

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
_BLOCK = re.compile(r"(?<=<!-- staging -->\n).*?(?=<!-- /staging -->)", re.DOTALL)


def staging_table() -> str:
    """Return the table of the page, as it must be."""
    lines = ["| table | meaning | columns | writer |", "|---|---|---|---|"]
    for table in STAGING_TABLES:
        name = table.name if table.is_shared else f"{table.name}_<mart>"
        columns = ", ".join(f"`{column}`" for column in table.columns)
        writer = table.writer.replace(".", "/") + ".py"
        lines.append(f"| `{name}` | {table.meaning} | {columns} | `{writer}` |")
    return "\n".join(lines) + "\n"


def read() -> str:
    """Return the table that the page has now."""
    found = _BLOCK.search(PAGE.read_text("utf-8"))
    assert found, f"{PAGE} has no block of staging tables"
    return found[0]


def write() -> None:
    """Replace the table on the page."""
    text = PAGE.read_text("utf-8")
    PAGE.write_text(_BLOCK.sub(lambda _: staging_table(), text), "utf-8")


if __name__ == "__main__":
    write()
