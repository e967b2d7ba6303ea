"""The HTML page: one file with style and charts in it, without scripts and without requests."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from metrica_export.report.charts import by_status, by_time, drawing
from metrica_export.report.charts.drawing import Spec
from metrica_export.report.contents import Report
from metrica_export.report.languages.words import Words
from metrica_export.report.parts.revenue import main_currency
from metrica_export.report.parts.runs import Runs
from metrica_export.report.texts import of_orders, of_runs

_TEMPLATES = "templates"


def warm_up(runs: Runs, now: datetime, language: str) -> None:
    """Load the templates, and draw the chart of the runs: the first chart takes half a second."""
    if runs.runs:
        words = Words.of(language)
        drawing.draw(by_time.deliveries(runs, now.date(), words), "", words)
    for file in files(__package__).joinpath(_TEMPLATES).iterdir():
        if file.name.endswith(".html"):
            _environment().get_template(file.name)


def render_page(report: Report, language: str) -> str:
    """Return the page of a report in a language. Needs vl-convert."""
    words = Words.of(language)
    style = _read("page.css")
    template = _environment().get_template("page.html")
    return template.render(
        report=report,
        words=words,
        t=words.text,
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}",
        charts=_charts(report, words),
        **of_runs.headline(report, words),
        **of_runs.runs(report, words),
        **of_runs.reasons(report, words),
        **of_orders.match_keys(report, words),
        **of_runs.deadlines(report, words),
        **of_orders.revenue(report, words),
        **of_orders.steps(report, words),
        **of_orders.cohorts(report, words),
        **of_orders.schema(report, words),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["with_code"] = _with_code
    return environment


def _with_code(text: str) -> Markup:
    """Return a text as HTML, with code for the parts between backticks."""
    pieces = enumerate(text.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if i % 2 else piece for i, piece in pieces
    )


def _read(name: str) -> str:
    return files(__package__).joinpath(_TEMPLATES, name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Chart:
    """A chart: whether there is anything to draw, its specification, and the key of its text."""

    has_marks: bool
    spec: Callable[[], Spec]
    key: str


def _charts(report: Report, words: Words) -> dict[str, Markup | None]:
    currency, types = main_currency(report.revenue)
    tied = of_orders.tied_revenue(report)
    today = report.created_at.date()
    charts = {
        "runs": _Chart(
            bool(report.runs.runs),
            lambda: by_time.deliveries(report.runs, today, words),
            "runs.chart",
        ),
        "match_keys": _Chart(
            any(month.orders for month in report.match_keys.months),
            lambda: by_time.match_keys(report.match_keys, words),
            "match_keys.chart",
        ),
        "link_deadlines": _Chart(
            any(day.waiting or day.rejected for day in report.deadlines.link),
            lambda: by_status.link_deadline(report.deadlines.link, words),
            "deadlines.link_chart",
        ),
        "update_deadlines": _Chart(
            any(week.open or week.closed for week in report.deadlines.update),
            lambda: by_status.update_deadline(report.deadlines.update, words),
            "deadlines.update_chart",
        ),
        "revenue": _Chart(
            any(each.crm.revenue > 0 for each in types),
            lambda: by_status.revenue(types, tied, currency, words),
            "revenue.chart",
        ),
        "steps": _Chart(
            bool(report.steps), lambda: by_status.steps(report.steps, words), "steps.chart"
        ),
        "cohorts": _Chart(
            any(cohort.rate is not None for cohort in report.cohorts),
            lambda: by_time.cohorts(report.cohorts, words),
            "cohorts.chart",
        ),
    }
    return {
        name: drawing.draw(chart.spec(), words.text(chart.key), words) if chart.has_marks else None
        for name, chart in charts.items()
    }
