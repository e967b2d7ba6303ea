"""A page of the documentation as a list of sections, to compare two languages of it.

`python -m tests.doc_page` copies changed code blocks from the English pages to the Russian ones.
"""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path

from tests.language import ROOT

_FENCE = re.compile(r"^ *```(.*?)^ *```", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"(#|--) .*$", re.MULTILINE)
_CELL_END = re.compile(r"(?<!\\)\|")
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
_THOUSANDS = re.compile(r"(?<=\d)[,\u00a0\u202f ](?=\d{3}(?!\d))")
_SWITCH = re.compile(r"^.*\[(?:English|Русский)\]\(([^)]+)\).*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, up to the next heading."""

    level: int
    heading: str
    text: str

    def code_blocks(self) -> list[str]:
        """Return the code blocks with their languages; comments are reduced to their marks."""
        return [without_comments(block) for block in _FENCE.findall(self.text)]

    @property
    def prose(self) -> str:
        """Return the text without code blocks and language links."""
        return _SWITCH.sub("", _FENCE.sub("", self.text))

    def names(self) -> set[str]:
        """Return the commands, options, columns and paths in backticks."""
        return {" ".join(name.split()) for name in _SPAN.findall(self.prose)}

    def tables(self) -> list[list[tuple[int, set[str]]]]:
        """Return for every row of every table the number of cells, and the names in backticks."""
        tables = re.findall(r"(?:^ *\|.*\n?)+", self.prose, re.MULTILINE)
        return [
            [(len(_CELL_END.findall(row)), set(_SPAN.findall(row))) for row in table.splitlines()]
            for table in tables
        ]

    def list_lengths(self) -> tuple[int, int]:
        """Return the numbers of bullets and of numbered items."""
        bullets = re.findall(r"^ *- ", self.prose, re.MULTILINE)
        return len(bullets), len(re.findall(r"^ *\d+\. ", self.prose, re.MULTILINE))

    def numbers(self) -> list[str]:
        """Return the numbers of the prose in ascending order, without separators of thousands."""
        text = _LINK.sub("", _THOUSANDS.sub("", _SPAN.sub("", self.prose)))
        return sorted(re.findall(r"\d+", text))


@dataclass(frozen=True)
class Page:
    """A page in one language."""

    path: Path

    @cached_property
    def text(self) -> str:
        """The whole page."""
        return self.path.read_text("utf-8")

    @cached_property
    def sections(self) -> list[Section]:
        """The sections in their order; a `#` in a code block is no heading."""
        blank = _FENCE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), self.text)
        starts = list(re.finditer(r"^(#+) (.+)$", blank, re.MULTILINE))
        ends = [start.start() for start in starts[1:]] + [len(self.text)]
        return [
            Section(len(start[1]), start[2], self.text[start.end() : end])
            for start, end in zip(starts, ends, strict=True)
        ]

    def switch(self) -> Path | None:
        """Return the page in the other language that the third line leads to."""
        found = _SWITCH.match(self.text.splitlines()[2])
        return (self.path.parent / found[1]).resolve() if found else None

    def links(self, section: Section) -> set[tuple[str, int | None]]:
        """Return the targets of a section's links: English page and number of the heading."""
        return {self._target(link) for link in _LINK.findall(section.prose)}

    def images(self) -> list[Path]:
        """Return the files of the page's images."""
        names = [first or second for first, second in _IMAGE.findall(self.text)]
        return [(self.path.parent / name).resolve() for name in names]

    def _target(self, link: str) -> tuple[str, int | None]:
        if link.startswith("http"):
            return link, None
        name, _, anchor = link.partition("#")
        path = (self.path.parent / name).resolve() if name else self.path
        number = _anchors(path).index(anchor) if anchor else None
        return str(english(path).relative_to(ROOT)), number


def without_comments(code: str) -> str:
    """Return code with the marks of its comments only."""
    return _COMMENT.sub(r"\1", code)


def copy_code(original: str, translation: str) -> str:
    """Return a translation with the code blocks of the original and its own comments.

    Raises ValueError if the pages have different numbers of code blocks.
    """
    blocks = [found[0] for found in _FENCE.finditer(original)]
    translated_blocks = [found[0] for found in _FENCE.finditer(translation)]
    new = iter([_merge(*pair) for pair in zip(blocks, translated_blocks, strict=True)])
    return _FENCE.sub(lambda _: next(new), translation)


def _merge(block: str, translated_block: str) -> str:
    lines, old = block.splitlines(), translated_block.splitlines()
    matcher = SequenceMatcher(
        None, list(map(without_comments, old)), list(map(without_comments, lines)), autojunk=False
    )
    for match in matcher.get_matching_blocks():
        lines[match.b : match.b + match.size] = old[match.a : match.a + match.size]
    return "\n".join(lines)


def _anchors(path: Path) -> list[str]:
    headings = [section.heading.lower() for section in Page(path).sections]
    return [re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings]


README = ROOT / "README.md"
DOCS = ROOT / "docs"
RUSSIAN_DOCS = DOCS / "ru"
FOLDERS = ("tutorial", "how-to")
"""The folders of the docs whose pages are in both languages."""


def translated() -> list[Path]:
    """Return the English pages that have a Russian one."""
    return [README, *(page for name in FOLDERS for page in sorted((DOCS / name).glob("*.md")))]


def russian(page: Path) -> Path:
    """Return the place of a page's translation."""
    if page == README:
        return README.with_name("README.ru.md")
    return RUSSIAN_DOCS / page.relative_to(DOCS)


def english(page: Path) -> Path:
    """Return the English page of a translation; any other file is returned as it is."""
    return next((original for original in translated() if russian(original) == page), page)


if __name__ == "__main__":
    for page in translated():
        copied = copy_code(page.read_text("utf-8"), russian(page).read_text("utf-8"))
        russian(page).write_text(copied, "utf-8")
