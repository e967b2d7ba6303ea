"""Plain English: words and constructions to replace. `python -m tests.language` lists them all."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.doc_texts import Prose, comments, docstrings, messages

ROOT = Path(__file__).parents[1]

FORBIDDEN = {
    r"shall": "must, or the present tense",
    r"anew": "again",
    r"for want of": "because … is missing",
    r"of (?:that|this|the same) name": "named …",
    r"heed(?:s|ed|ing)?": "follow, observe",
    r"mend(?:s|ed|ing)?": "fix",
    r"makes? little of": "ignores",
    r"besides": "also, in addition",
    r"lets? (?:\w+ )?pass": "accept, allow",
    r"turned back": "rejected",
    r"some(?:body|one)'s word": "an explicit decision (--accept)",
    r"told(?! apart)": "delivered, sent, reported",
    r"(?:is|are|not|no \w+) to be (?:had|seen|found|told)": "is missing, cannot be …",
    r"thereof|hereby|herein|wherein|whence|whither|hence": "a noun and a verb",
    r"likewise": "also",
    r"nay|lest|ere|albeit": "plain words",
}
"""Pattern of a whole word → the words to use instead."""

_FORBIDDEN = {
    re.compile(rf"\b(?:{word})\b", re.IGNORECASE): hint for word, hint in FORBIDDEN.items()
}
# Not in a question, which ends with a question mark.
_WHAT = re.compile(r"\bwhat(?:ever)?\b(?! (?:kind|sort|type|if)\b)(?![^.?!|]*\?)", re.IGNORECASE)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


class Place(NamedTuple):
    """A place to rewrite: where, the words there, and a hint."""

    path: Path
    line: int
    found: str
    hint: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.found!r}; {self.hint}"


def without_code(text: str) -> str:
    """Return a text with its code cut out; the number of lines stays."""
    return _CODE.sub(lambda found: "\n" * found[0].count("\n"), text)


def words(text: str) -> int:
    """Return the number of words in a text, code excluded."""
    return len(re.findall(r"[A-Za-z']+", without_code(text)))


def forbidden(path: Path, prose: Prose) -> Iterator[Place]:
    """Yield the forbidden words in a piece of prose."""
    for pattern, hint in _FORBIDDEN.items():
        for line, found in _finds(prose, pattern):
            yield Place(path, line, found, f"write: {hint}")


def whats(path: Path, prose: Prose) -> Iterator[Place]:
    """Yield each "what" of a piece of prose: nearly all of them stand where a noun is missing."""
    for line, found in _finds(prose, _WHAT):
        yield Place(path, line, found, "name the thing by a noun")


def _finds(prose: Prose, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    text = without_code(prose.text)
    for found in pattern.finditer(text):
        line = prose.line + text.count("\n", 0, found.start())
        around = text[max(0, found.start() - 20) : found.end() + 20]
        yield line, " ".join(around.split())


def code() -> list[Path]:
    """Return the Python files of the product."""
    return sorted((ROOT / "exporter").rglob("*.py"))


def code_prose(path: Path) -> Iterator[Prose]:
    """Yield docstrings, comments and messages of a Python file."""
    yield from docstrings(path)
    yield from comments(path)
    yield from messages(path)


def pages() -> list[Path]:
    """Return README, the other pages at the root, and the docs."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def page_prose(path: Path) -> Prose:
    """Return the text of a page."""
    return Prose(1, path.read_text("utf-8"))


def dbt_prose() -> Iterator[tuple[Path, Prose]]:
    """Yield the lines of the dbt project's YAML, and the comments of its SQL."""
    for path in sorted((ROOT / "dbt_project").rglob("*")):
        if "target" in path.parts or path.suffix not in {".yml", ".sql"}:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            text = line.partition("--")[2] if path.suffix == ".sql" else line
            if text:
                yield path, Prose(number, text)


def what_rate(places: int, texts: Iterator[str]) -> float:
    """Return the number of places per 1,000 words of the texts."""
    return 1000 * places / sum(map(words, texts))


def main() -> None:
    """Print every place to rewrite, by file and line."""
    found: list[Place] = []
    for path in code():
        for prose in code_prose(path):
            found += [*forbidden(path, prose), *whats(path, prose)]
    for path in pages():
        found += [*forbidden(path, page_prose(path)), *whats(path, page_prose(path))]
    for path, prose in dbt_prose():
        found += [*forbidden(path, prose), *whats(path, prose)]
    for place in sorted(found):
        print(place)  # noqa: T201 - the result of this command


if __name__ == "__main__":
    main()
