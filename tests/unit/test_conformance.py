"""Every rule and trap has a test that exists, and every switch is named and turned."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from metrica_emulator.switches import describe

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "conformance.md"

SECTIONS = (
    *("1.1", "1.2", "1.3", "2", "3.1", "3.2", "3.3", "3.4", "3.5", "4.1", "4.2"),
    *("5.1", "5.2", "5.3", "5.4", "6.1", "6.2", "6.3", "6.4", "6.5", "7", "8", "8.1"),
    *("9.1", "9.2", "9.3", "10.1", "10.2", "10.3", "11", "12.1", "12.2", "12.3", "12.4", "13"),
    *("18.2", "18.3", "18.4", "18.5", "18.6", "18.7", "18.9"),
)
TRAPS = tuple(f"T{number}" for number in range(1, 28))
QUESTIONS = tuple(f"Q{number}" for number in range(1, 29))

Line = tuple[str, str, tuple[str, ...]]


def lines() -> list[Line]:
    """Return number, decision and tests of every line of the page's tables."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and re.fullmatch(r"[TQ]?[0-9.]+", cells[0]):
            number, _, decision, tests = cells
            found.append((number, decision, tuple(re.findall(r"`([^`]+)`", tests))))
    return found


LINES = lines()


def test_every_section_trap_and_question_has_its_line_and_no_other_has() -> None:
    numbers = [number for number, _, _ in LINES]
    assert list(dict.fromkeys(numbers)) == [*SECTIONS, *TRAPS, *QUESTIONS]
    single = [number for number in numbers if number not in SECTIONS]
    assert len(single) == len(set(single))


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0])
def test_every_line_names_a_test(line: Line) -> None:
    _, _, tests = line
    assert tests


def test_every_test_that_is_named_exists() -> None:
    named = {test for _, _, tests in LINES for test in tests if not test.startswith("dbt:")}
    there = set()
    for file in {test.partition("::")[0] for test in named}:
        tree = ast.parse((ROOT / "tests" / f"{file}.py").read_text("utf-8"))
        there |= {f"{file}::{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert named - there == set()


def test_every_unit_test_that_is_named_is_in_the_dbt_project() -> None:
    there = set()
    for path in (ROOT / "dbt_project" / "models").rglob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        there |= {f"dbt:{test['name']}" for test in content.get("unit_tests", [])}
    named = {test for _, _, tests in LINES for test in tests if test.startswith("dbt:")}
    assert named - there == set()


def test_conformance_page_names_every_switch_and_no_other() -> None:
    named = {name for _, decision, _ in LINES for name in re.findall(r"\*(\w+)\*", decision)}
    assert named == {name for name, _, _ in describe()}


def test_every_switch_is_turned_by_a_test_of_the_emulator() -> None:
    turned = set()
    for path in (ROOT / "tests" / "emulator").glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("emulator.switches", "RunningEmulator")
            ):
                turned |= {keyword.arg for keyword in node.keywords}
    assert {name for name, _, _ in describe()} - turned == set()
