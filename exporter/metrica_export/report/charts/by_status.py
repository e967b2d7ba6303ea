"""Charts of orders: days left to the deadlines, revenue by type of status, status paths."""

from metrica_export.metrica.redaction import printable
from metrica_export.report.charts.drawing import Spec, colours, number_axis
from metrica_export.report.languages.words import Words
from metrica_export.report.parts.deadlines import WEEK, LinkDay, UpdateWeek
from metrica_export.report.parts.revenue import StatusType
from metrica_export.report.parts.steps import Step

_TALL = 140
_BAR = 14
_LABEL = 110


def link_deadline(days: tuple[LinkDay, ...], words: Words) -> Spec:
    """Return the chart of new orders that are not delivered, by days left to be tied to a visit."""
    states = {"waiting": "held", "rejected": "rejected"}
    names = {state: words.text(f"states.{state}") for state in states}
    values = [
        {
            "days": day.days_left,
            "orders": getattr(day, state),
            "state": names[state],
            "order": place,
            "label": f"{words.text('deadlines.days_left', n=day.days_left)}: {names[state]}: "
            f"{words.number(getattr(day, state))}",
        }
        for day in days
        for place, state in enumerate(states)
        if getattr(day, state)
    ]
    scale = colours({names[state]: colour for state, colour in states.items()})
    return _stacked(values, scale, "state", [0, 3, 7, 14, 21], words)


def update_deadline(weeks: tuple[UpdateWeek, ...], words: Words) -> Spec:
    """Return the chart of delivered orders by days left to be updated."""
    kinds = {"open": "delivered", "closed": "muted"}
    names = {kind: words.text(f"deadlines.{kind}") for kind in kinds}
    values = [
        {
            "days": week.days_left,
            "orders": getattr(week, kind),
            "state": names[kind],
            "order": place,
            "label": f"{week.days_left}-{week.days_left + WEEK - 1} "
            f"{words.text('units.days_word')}: {names[kind]}: "
            f"{words.number(getattr(week, kind))}",
        }
        for week in weeks
        for place, kind in enumerate(kinds)
        if getattr(week, kind)
    ]
    scale = colours({names[kind]: colour for kind, colour in kinds.items()})
    return _stacked(values, scale, "state", [0, 28, 56, 84, 105], words)


def _stacked(values: list[Spec], scale: Spec, series: str, ticks: list[int], words: Words) -> Spec:
    step = WEEK if max(ticks) > WEEK * WEEK else 1
    return {
        "data": {"values": values},
        "height": _TALL,
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "days",
                "type": "ordinal",
                "scale": {"domain": list(range(0, max(ticks) + 1, step)), "paddingInner": 0.2},
                "axis": {
                    "title": words.text("deadlines.axis"),
                    "values": ticks,
                    "labelAngle": 0,
                },
            },
            "y": {"field": "orders", "type": "quantitative", "axis": number_axis(words)},
            "color": {"field": series, "type": "nominal", "scale": scale},
            "order": {"field": "order", "type": "quantitative"},
            "description": {"field": "label"},
        },
    }


def revenue(
    types: tuple[StatusType, ...], tied: dict[str, float], currency: str | None, words: Words
) -> Spec:
    """Return the chart of revenue in one currency; `tied` has revenue by type of status."""
    kinds = {"crm": "muted", "delivered": "delivered", "tied": "tied"}
    names = {kind: words.text(f"revenue.{kind}") for kind in kinds}
    values = []
    for each in (each for each in types if each.crm.revenue > 0):
        status = words.text(f"status_types.{each.status_type or 'none'}")
        found = {"crm": float(each.crm.revenue), "delivered": float(each.delivered.revenue)}
        if each.status_type in tied:
            found["tied"] = tied[each.status_type]
        for place, (kind, value) in enumerate(found.items()):
            label = f"{status}: {names[kind]}: {words.short(value)} {currency or ''}"
            line = {"type": status, "kind": names[kind], "value": value, "place": place}
            values.append(line | {"label": label})
    shown = {kind: colour for kind, colour in kinds.items() if kind != "tied" or tied}
    return {
        "data": {"values": values},
        "height": {"step": _BAR},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {
                "field": "type",
                "type": "nominal",
                "sort": None,
                "axis": {"title": None, "labelLimit": _LABEL},
            },
            "yOffset": {"field": "kind", "sort": [names[kind] for kind in shown]},
            "x": {
                "field": "value",
                "type": "quantitative",
                "axis": number_axis(words, grid=True, domain=False, tickCount=4, title=currency),
            },
            "color": {
                "field": "kind",
                "type": "nominal",
                "scale": colours({names[kind]: colour for kind, colour in shown.items()}),
            },
            "description": {"field": "label"},
        },
    }


def steps(found: tuple[Step, ...], words: Words) -> Spec:
    """Return the funnel: orders that reached each status: in Metrica, still to send, rejected."""
    kinds = {"delivered": "delivered", "to_send": "held", "rejected": "rejected"}
    if not any(step.rejected for step in found):
        del kinds["rejected"]
    names = {kind: words.text(f"steps.{kind}") for kind in kinds}
    values: list[Spec] = []
    for step in found:
        status = printable(step.name or step.status)
        undelivered = {"to_send": step.to_send, "rejected": step.rejected}
        counts = {"delivered": max(step.orders - sum(undelivered.values()), 0), **undelivered}
        values.extend(
            {
                # The id, too: two statuses may have one name.
                "status": f"{status}\u2063{printable(step.status)}",
                "kind": names[kind],
                "orders": count,
                "order": place,
                "label": f"{status}: {names[kind]}: {words.number(count)}",
            }
            for place, (kind, count) in enumerate(counts.items())
            if count
        )
    return {
        "data": {"values": values},
        "height": {"step": 22},
        "mark": {"type": "bar", "size": _BAR},
        "encoding": {
            "y": {
                "field": "status",
                "type": "nominal",
                "sort": None,
                "axis": {
                    "title": None,
                    "labelLimit": _LABEL,
                    "labelExpr": "split(datum.label, '\\u2063')[0]",
                },
            },
            "x": {
                "field": "orders",
                "type": "quantitative",
                "axis": number_axis(words, grid=True, domain=False, tickCount=4),
            },
            "color": {
                "field": "kind",
                "type": "nominal",
                "scale": colours({names[kind]: colour for kind, colour in kinds.items()}),
            },
            "order": {"field": "order", "type": "quantitative"},
            "description": {"field": "label"},
        },
    }
