"""The prose in source files: docstrings, comments and messages."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Prose(NamedTuple):
    """A piece of prose and the line where it begins."""

    line: int
    text: str


def docstrings(path: Path) -> Iterator[Prose]:
    """Yield every docstring of a Python file, those of attributes included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            value = node.value.value
            if isinstance(value, str):
                yield Prose(node.lineno, value)


def messages(path: Path) -> Iterator[Prose]:
    """Yield every other text of a Python file that looks like prose: five words or more."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part for part in node.values if isinstance(part, ast.Constant)]
            skipped |= {id(part) for part in parts}
            text = " … ".join(str(part.value) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if id(node) not in skipped and _is_prose(text):
            yield Prose(node.lineno, text)


_SQL = re.compile(
    r"\b(select|insert|update \S+ set|delete from|create (or|table|schema|view)|from|join"
    r"|where|case when|coalesce|cast)\b"
)
_FEWEST_WORDS = 5


def _is_prose(text: str) -> bool:
    return len(text.split()) >= _FEWEST_WORDS and not _SQL.search(text)


def comments(path: Path) -> Iterator[Prose]:
    """Yield every comment of a Python file, a block of lines as one."""
    block: list[str] = []
    first = last = 0
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    for token in tokens:
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line != last + 1:
            yield Prose(first, " ".join(block))
            block = []
        first = first if block else line
        last = line
        block.append(token.string.lstrip("#: "))
    if block:
        yield Prose(first, " ".join(block))


def python_texts(path: Path) -> Iterator[str]:
    """Yield the docstrings and comments of a Python file, each on one line."""
    for prose in (*docstrings(path), *comments(path)):
        yield " ".join(prose.text.split())


def sql_comments(path: Path) -> Iterator[str]:
    """Yield the comments of an SQL file."""
    yield from re.findall(r"--\s*(.*)", path.read_text("utf-8"))
