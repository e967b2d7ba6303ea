"""A real browser for pages of the report: Chromium, and the checks that every page must pass."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

WIDTHS = (390, 1440)
SCHEMES = ("light", "dark")
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_MIN_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3."""


@dataclass(frozen=True)
class Seen:
    """A loaded page, and everything that it logged, asked for or opened meanwhile."""

    page: Page
    events: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the installed Chromium; skip the test if there is none."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    if found is None:
        pytest.skip("No Chromium is installed. On Debian: apt-get install chromium.")
    with sync_playwright() as playwright:
        # In a container the tests run as root, for whom Chromium has no sandbox.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, file: Path, width: int, scheme: str) -> Iterator[Seen]:
    """Open a file of a page, with all of its details, and note its events."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    seen = Seen(page)
    page.on("console", lambda message: seen.events.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: seen.events.append(f"error: {error}"))
    page.on("dialog", lambda dialog: seen.events.append(f"dialog: {dialog.message}"))
    page.on(
        "request",
        lambda request: (
            None if request.url == file.as_uri() else seen.events.append(f"request: {request.url}")
        ),
    )
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    yield seen
    page.close()


def check_page(browser: Browser, file: Path, charts: int) -> None:
    """Assert that a page is quiet, shows its charts, fits its window and is readable.

    `charts` is the number of charts. The page is opened in each width and colour scheme.
    """
    for width in WIDTHS:
        for scheme in SCHEMES:
            with opened(browser, file, width, scheme) as seen:
                where = f"{file.name}, {width} px, {scheme}"
                marks = seen.page.evaluate(_MARKS)
                assert len(marks) == charts, where
                assert all(marks), (where, marks)
                assert seen.page.evaluate(_OVERFLOWING, width) == [], where
                assert seen.page.evaluate(_TOUCHING) == [], where
                assert seen.page.evaluate(_PALE, _MIN_CONTRAST) == [], where
                # A narrow window changes the layout and no colour, and the contrast takes axe-core
                # three quarters of its time.
                contrast = width == max(WIDTHS)
                assert violations(seen.page, contrast=contrast) == [], where
                assert seen.events == [], where


def violations(page: Page, *, contrast: bool = True) -> list[str]:
    """Return the rules of axe-core that a page breaks, with the elements that break them.

    Without `contrast` the rule about the contrast of texts is left out.
    """
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found: list[str] = page.evaluate(_AXE, contrast)
    return found


_AXE = """
async contrast => (
    await axe.run({rules: {'color-contrast': {enabled: contrast}}})
).violations.map(rule =>
    rule.id + ': ' + rule.nodes.map(node => node.html.slice(0, 120)).join(' | '))
"""

_MARKS = """
() => [...document.querySelectorAll('svg.chart')].map(chart =>
    [...chart.querySelectorAll('[class*="mark-rect"] path, [class*="mark-symbol"] path, '
        + '[class*="mark-line"] path')]
    .filter(mark => {
        const box = mark.getBoundingClientRect();
        return mark.querySelector('title') && box.width + box.height > 0;
    }).length)
"""
"""The number of drawn marks with a tooltip in each chart."""

_OVERFLOWING = """
width => {
    const found = [];
    if (document.documentElement.scrollWidth > width) found.push('the page');
    for (const element of document.querySelectorAll('body *')) {
        if (element.closest('.scroll') || element.closest('defs')) continue;
        const box = element.getBoundingClientRect();
        if (!box.width) continue;
        const cut = element instanceof HTMLElement && element.scrollWidth > element.clientWidth + 1
            && getComputedStyle(element).overflowX === 'hidden';
        const card = element.closest('section')?.getBoundingClientRect().right ?? width;
        if (box.right > Math.min(card, width) + 1 || box.left < -1 || cut) {
            found.push(element.tagName + ': ' + element.textContent.trim().slice(0, 60));
        }
    }
    return found;
}
"""
"""Elements outside of the window or their part; tables scroll in a frame of their own."""

_TOUCHING = """
() => {
    const found = [];
    for (const chart of document.querySelectorAll('svg.chart')) {
        const texts = [...chart.querySelectorAll('text, tspan')]
            .filter(text => text.textContent.trim() && !text.querySelector('tspan'));
        texts.forEach((text, place) => {
            const box = text.getBoundingClientRect();
            for (const other of texts.slice(place + 1)) {
                const next = other.getBoundingClientRect();
                const across = Math.min(box.right, next.right) - Math.max(box.left, next.left);
                const down = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
                // Boxes of texts are higher than their letters.
                if (across > -6 && down > 3) {
                    found.push(text.textContent + ' | ' + other.textContent);
                }
            }
        });
    }
    return found;
}
"""
"""Texts of charts with less than six pixels between them on a line."""

_PALE = """
least => {
    const parts = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map(value => {
            const part = value / 255;
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const found = [];
    for (const text of document.querySelectorAll('svg.chart text')) {
        const paper = light(parts(getComputedStyle(text.closest('section')).backgroundColor));
        const ink = light(parts(getComputedStyle(text).fill));
        const contrast = (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
        if (contrast < least) found.push(text.textContent + ' ' + contrast.toFixed(1));
    }
    return found;
}
"""
"""Texts of charts with too little contrast, which axe-core does not measure."""
