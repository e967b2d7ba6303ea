"""Charts over time: deliveries by day, match keys and cohorts by month."""

from collections import defaultdict
from datetime import date, timedelta

from metrica_export.report.charts.drawing import Spec, colours, number_axis
from metrica_export.report.languages.words import Words
from metrica_export.report.parts.cohorts import Cohort
from metrica_export.report.parts.match_keys import MatchKeys
from metrica_export.report.parts.runs import Run, Runs
from metrica_export.report.subject import RUN_DAYS

_PERCENT = {"title": None, "format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]}
_TALL, _LOW = 190, 70
_LABELS = 4


def deliveries(runs: Runs, today: date, words: Words) -> Spec:
    """Return the chart of delivered rows by day, over rejected and held rows by day."""
    names = {key: words.text(f"states.{key}") for key in ("delivered", "rejected", "held")}
    failed = words.text("runs.failed_day")
    flows, stocks, failures = [], [], []
    for day, of_day in sorted(_by_day(runs).items()):
        shown, delivered = words.day(day), sum(run.delivered for run in of_day)
        label = f"{shown}: {names['delivered']}: {words.number(delivered)}"
        flows.append({"day": str(day), "rows": delivered, "label": label})
        if any(run.finished_at is not None and not run.is_complete for run in of_day):
            failures.append({"day": str(day), "label": f"{shown}: {failed}"})
        if complete := [run for run in of_day if run.is_complete]:
            for key in ("rejected", "held"):
                rows = getattr(complete[-1], key)
                label = f"{shown}: {names[key]}: {words.number(rows)}"
                stocks.append({"day": str(day), "rows": rows, "state": names[key], "label": label})
    first = _first_day(runs, today)
    x = {
        "field": "day",
        "type": "temporal",
        "scale": {"type": "utc", "domain": [str(first), str(today)]},
        "axis": {
            "title": None,
            "labelExpr": "utcFormat(datum.value, '%-d %b')",
            "values": [_milliseconds(day) for day in axis_days(first, today)],
        },
    }
    text = {"field": "label"}
    bars: Spec = {
        "data": {"values": flows},
        "mark": {"type": "bar", "width": 4, "color": "var(--delivered)"},
        "encoding": {"x": x, "y": _rows(words, names["delivered"]), "description": text},
    }
    marks: Spec = {
        "data": {"values": failures},
        "mark": {"type": "point", "shape": "cross", "filled": True, "size": 60, "angle": 45},
        "encoding": {
            "x": x,
            "y": {"value": 0},
            "color": {"value": "var(--rejected)"},
            "description": text,
        },
    }
    colour = colours({names["rejected"]: "rejected", names["held"]: "held"})
    lines: Spec = {
        "data": {"values": stocks},
        "mark": {"type": "line", "interpolate": "step-after", "point": {"size": 18}},
        "height": _LOW,
        "encoding": {
            "x": x,
            "y": {"field": "rows", "type": "quantitative", "axis": number_axis(words, tickCount=3)},
            "color": {"field": "state", "type": "nominal", "scale": colour},
            "description": text,
        },
    }
    layered: Spec = {"height": _LOW, "layer": [bars, *([marks] if failures else [])]}
    return {
        "vconcat": [layered | {"width": 340}, lines | {"width": 340}],
        "spacing": 14,
        # With a scale of its own, the lower chart has its legend beside it.
        "resolve": {"scale": {"color": "independent"}},
    }


def _first_day(runs: Runs, today: date) -> date:
    """Return the first day of the axis: two weeks ago, or that of the first run."""
    first_run = runs.runs[0].started_at.date()
    return max(today - timedelta(days=RUN_DAYS), min(first_run, today - timedelta(days=14)))


def axis_days(first: date, today: date) -> list[date]:
    """Return the days with a label: today, and at most three earlier ones at equal distances.

    Vega takes its `tickCount` for a hint, and its eight labels touched each other on a phone.
    """
    gap = timedelta(days=max(1, -(-(today - first).days // _LABELS)))
    days = [today - n * gap for n in range(_LABELS)]
    return [day for day in reversed(days) if day >= first]


def _milliseconds(day: date) -> int:
    return (day - date(1970, 1, 1)) // timedelta(milliseconds=1)


def _rows(words: Words, title: str) -> Spec:
    over = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleY": -8}
    axis = number_axis(words, tickCount=3, title=title, titleX=0, **over)
    return {"field": "rows", "type": "quantitative", "axis": axis}


def _by_day(runs: Runs) -> dict[date, list[Run]]:
    found: defaultdict[date, list[Run]] = defaultdict(list)
    for run in runs.runs:
        found[run.started_at.date()].append(run)
    return found


def match_keys(keys: MatchKeys, words: Words) -> Spec:
    """Return the chart of the shares of orders by kind of identifier."""
    kinds = {"any_key": "ink", "phone": "phone", "email": "email", "client_id": "delivered"}
    names = {kind: words.text(f"match_keys.{kind}") for kind in kinds}
    values = [
        {
            "month": words.short_month(month.month),
            "kind": names[kind],
            "share": getattr(month, kind) / month.orders,
            "label": f"{words.month(month.month)}: {names[kind]}: "
            f"{words.percent(getattr(month, kind) / month.orders)}",
        }
        for month in keys.months
        for kind in kinds
        if month.orders
    ]
    colour = colours({names[kind]: colour for kind, colour in kinds.items()})
    return {
        "data": {"values": values},
        "height": _TALL,
        "mark": {"type": "line", "point": {"size": 30}},
        "encoding": {
            "x": _months(),
            "y": {
                "field": "share",
                "type": "quantitative",
                "scale": {"domain": [0, 1]},
                "axis": _PERCENT,
            },
            "color": {"field": "kind", "type": "nominal", "scale": colour},
            "description": {"field": "label"},
        },
    }


def cohorts(found: tuple[Cohort, ...], words: Words) -> Spec:
    """Return the chart of measured and forecast shares of tied orders."""
    measured, forecast = words.text("cohorts.measured"), words.text("cohorts.forecast")
    values = [
        {
            "month": words.short_month(cohort.month),
            "kind": kind,
            "share": share,
            "label": f"{words.month(cohort.month)}: {kind}: {words.percent(share)}",
        }
        for cohort in found
        for kind, share in ((measured, cohort.rate), (forecast, cohort.expected_rate))
        if share is not None
    ]
    top = max((float(str(value["share"])) for value in values), default=1.0)
    scale = {"domain": [0, min(1, max(0.1, top * 1.2))]}
    percent = {"title": None, "format": ".0%", "tickCount": 4}
    base: Spec = {
        "x": _months(),
        "y": {"field": "share", "type": "quantitative", "scale": scale, "axis": percent},
        "color": {
            "field": "kind",
            "type": "nominal",
            "scale": colours({measured: "tied", forecast: "ink"}),
        },
        "description": {"field": "label"},
    }
    return {
        "data": {"values": values},
        "height": _TALL,
        "layer": [
            {
                "transform": [{"filter": {"field": "kind", "equal": measured}}],
                "mark": {"type": "bar", "size": 16},
                "encoding": base,
            },
            {
                "transform": [{"filter": {"field": "kind", "equal": forecast}}],
                "mark": {"type": "tick", "size": 24, "thickness": 3, "opacity": 1},
                "encoding": base,
            },
        ],
    }


def _months() -> Spec:
    axis = {"title": None, "labelAngle": 0, "labelExpr": "split(datum.label, '|')"}
    return {"field": "month", "type": "ordinal", "sort": None, "axis": axis}
