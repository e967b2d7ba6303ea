"""Drawing: a Vega-Lite specification becomes SVG for a page without scripts.

Colours are the page's CSS variables, so that the charts follow its light and dark scheme. Each
mark gets its description as a title, which browsers show as a tooltip.
"""

import json
from functools import cache
from typing import Any, Literal
from xml.etree import ElementTree as ET

from markupsafe import Markup

from metrica_export.errors import SettingsError
from metrica_export.report.languages.words import Words

Spec = dict[str, Any]

WIDTH = 400
"""Width of every chart in pixels. The page scales it to a phone or a column of a desktop."""

_SVG = "http://www.w3.org/2000/svg"
_LOCALES: dict[str, Literal["en-GB", "ru-RU"]] = {"en": "en-GB", "ru": "ru-RU"}


def draw(spec: Spec, description: str, words: Words) -> Markup:
    """Return the chart as SVG of the page; `description` is its text for screen readers."""
    root = ET.fromstring(_convert(json.dumps(_with_config(spec)), words.language))  # noqa: S314 - our own SVG
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("class", "chart")
    root.set("role", "img")
    root.set("aria-label", description)
    for element in root.iter():
        label = element.attrib.pop("aria-label", None) if element is not root else None
        for attribute in ("aria-roledescription", "aria-hidden", "role"):
            if element is not root:
                element.attrib.pop(attribute, None)
        if label and element.tag == f"{{{_SVG}}}path":
            title = ET.Element(f"{{{_SVG}}}title")
            title.text = label
            element.insert(0, title)
    ET.register_namespace("", _SVG)
    # ElementTree has escaped every text.
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704


@cache
def _convert(spec: str, language: str) -> str:
    try:
        import vl_convert  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise SettingsError(
            f"The package vl-convert-python cannot be loaded ({error}). Reinstall it with "
            "`pip install --force-reinstall vl-convert-python`, or use --json."
        ) from None

    locale = _LOCALES[language]
    return vl_convert.vegalite_to_svg(
        spec, format_locale=locale, time_format_locale=locale, allowed_base_urls=[]
    )


def _with_config(spec: Spec) -> Spec:
    text = {"labelColor": "var(--quiet)", "labelFontSize": 12, "labelFont": _FONT}
    title = {"titleColor": "var(--quiet)", "titleFontSize": 12, "titleFontWeight": "normal"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": None,
        "padding": 4,
        "config": {
            "font": _FONT,
            "view": {"stroke": None},
            "axis": {
                **text,
                **title,
                "titleFont": _FONT,
                "domainColor": "var(--line)",
                "gridColor": "var(--line)",
                "ticks": False,
                "labelPadding": 6,
            },
            "axisX": {"grid": False},
            "axisY": {"domain": False, "tickCount": 4},
            "legend": {
                **text,
                "orient": "top",
                "title": None,
                "symbolType": "square",
                "symbolStrokeWidth": 0,
                "symbolOpacity": 1,
                "columnPadding": 14,
                "offset": 8,
                "labelLimit": 200,
            },
        },
        **spec,
    }


_FONT = "Arial, Liberation Sans, sans-serif"


def number_axis(words: Words, **more: object) -> Spec:
    """Return an axis of counts, with short labels in the words of the language."""
    thousand, million, billion = (
        words.text(f"units.{each}") for each in ("thousand", "million", "billion")
    )
    return {
        "title": None,
        "tickMinStep": 1,
        "labelExpr": (
            "datum.value % 1 ? '' : "
            f"datum.value >= 1e9 ? format(datum.value / 1e9, ',~r') + '{billion}' : "
            f"datum.value >= 1e6 ? format(datum.value / 1e6, ',~r') + '{million}' : "
            f"datum.value >= 1e4 ? format(datum.value / 1e3, ',~r') + '{thousand}' : "
            "format(datum.value, ',')"
        ),
        **more,
    }


def colours(series: dict[str, str]) -> Spec:
    """Return a colour scale: label of a series → name of the page's CSS variable."""
    return {"domain": list(series), "range": [f"var(--{colour})" for colour in series.values()]}
