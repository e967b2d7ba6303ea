"""The table of staging tables. `python -m tests.staging_page` writes it from the declarations."""

from metrica_export.warehouse.staging import STAGING_TABLES

from tests.page_block import DOCS, PageBlock

BLOCK = PageBlock(DOCS / "architecture.md", "staging")


def staging_table() -> str:
    """Return the table of the page, as it must be."""
    lines = ["| table | meaning | columns | writer |", "|---|---|---|---|"]
    for table in STAGING_TABLES:
        name = table.name if table.is_shared else f"{table.name}_<mart>"
        columns = ", ".join(f"`{column}`" for column in table.columns)
        writer = table.writer.replace(".", "/") + ".py"
        lines.append(f"| `{name}` | {table.meaning} | {columns} | `{writer}` |")
    return "\n".join(lines)


if __name__ == "__main__":
    BLOCK.write(staging_table())
