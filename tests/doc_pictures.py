"""The pictures of the documentation. `python -m tests.doc_pictures` retakes them.

Run `metrica-export demo` first: the report is that of its folder. The picture of `measure` is the
block of its page (`tests.measure_page`), which the command itself prints.
"""

import html
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, FloatRect

from tests.measure_page import shown
from tests.page_block import DOCS
from tests.support.browser import chromium

_ROOT = DOCS.parent
_COUNTER = "12345678"
_TABLES = 3
"""Tables of `measure` in its picture; the fourth is as wide as two terminals."""

_TERMINAL = """
<style>
body { margin: 0; background: #1e2125; color: #e8e6e3; width: fit-content; }
pre { margin: 0; padding: 18px 22px; font: 15px/1.17 "DejaVu Sans Mono", monospace; }
</style>
<pre><b>$ metrica-export measure</b>
%s</pre>
"""


def _report(demo: Path, language: str, file: Path) -> None:
    env = os.environ | {
        "DBT_PROFILES_DIR": str(demo),
        "DBT_PROJECT_DIR": str(_ROOT / "dbt_project"),
        "DBT_TARGET_PATH": str(demo / "target"),
        "METRICA_COUNTER_ID": _COUNTER,
    }
    command = [sys.executable, "-m", "metrica_export", "report", "--lang", language]
    subprocess.run([*command, "--output", file], env=env, cwd=demo.parent, check=True)


def _desktop(browser: Browser, file: Path) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page.goto(file.as_uri())
    boxes = [
        page.locator(f"section[aria-labelledby={part}]").bounding_box()
        for part in ("match-keys", "deadlines")
    ]
    left, right = (box for box in boxes if box is not None)
    page.screenshot(path=DOCS / "report.png", full_page=True, clip=_around(left, right))


def _around(left: FloatRect, right: FloatRect) -> FloatRect:
    margin = 14
    width = right["x"] + right["width"] - left["x"]
    return {
        "x": left["x"] - margin,
        "y": left["y"] - margin,
        "width": width + 2 * margin,
        "height": left["height"] + 2 * margin,
    }


def _phone(browser: Browser, file: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 1010}, color_scheme="dark")
    page.goto(file.as_uri())
    page.screenshot(path=DOCS / "report-phone.png")


def _terminal(browser: Browser) -> None:
    lines = shown().strip("`\n").splitlines()
    ends = [number for number, line in enumerate(lines) if line.startswith("└")]
    text = "\n".join(lines[: ends[_TABLES - 1] + 1])
    page = browser.new_page()
    page.set_content(_TERMINAL % html.escape(text))
    page.locator("pre").screenshot(path=DOCS / "measure.png")


def take(demo: Path) -> None:
    """Take all pictures from the folder of a demo."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for language, picture in (("en", _desktop), ("ru", _phone)):
            file = Path(folder) / f"report-{language}.html"
            _report(demo, language, file)
            picture(browser, file)
        _terminal(browser)


if __name__ == "__main__":
    take(Path(sys.argv[1] if len(sys.argv) > 1 else "demo").resolve())
