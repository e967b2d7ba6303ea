"""A block of a documentation page that a program writes, between two comments."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


@dataclass(frozen=True, slots=True)
class PageBlock:
    """The lines between `<!-- name -->` and `<!-- /name -->` of a page."""

    page: Path
    name: str

    @property
    def _pattern(self) -> re.Pattern[str]:
        begin, end = f"<!-- {self.name} -->\n", f"\n<!-- /{self.name} -->"
        return re.compile(f"(?<={begin}).*(?={end})", re.DOTALL)

    def read(self) -> str:
        """Return the block that the page has now."""
        found = self._pattern.search(self.page.read_text("utf-8"))
        assert found, f"{self.page} has no block {self.name}"
        return found[0]

    def write(self, block: str) -> None:
        """Replace the block on the page."""
        text = self.page.read_text("utf-8")
        self.page.write_text(self._pattern.sub(lambda _: block, text), "utf-8")
