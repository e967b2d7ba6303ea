"""The texts of the page about orders: identifiers, revenue, statuses, visits, schema."""

from typing import Any

from metrica_export.metrica.redaction import printable
from metrica_export.report.contents import Report
from metrica_export.report.languages.words import Words
from metrica_export.report.parts.revenue import main_currency

Values = dict[str, Any]

_NONE = "\N{EN DASH}"


def match_keys(report: Report, words: Words) -> Values:
    """Return the lead and the table of match keys."""
    months = [month for month in report.match_keys.months if month.orders]
    kinds = ("any_key", "client_id", "phone", "email")
    lead = ""
    if months:
        last = months[-1]
        lead = words.text(
            "match_keys.lead",
            month=words.month(last.month),
            share=words.percent(last.any_key / last.orders),
            client_id=words.percent(last.client_id / last.orders),
        )
    basis = words.text("match_keys.all_orders")
    if online := report.match_keys.online:
        basis = words.text(
            "match_keys.online_orders",
            attribute=printable(online.attribute),
            values=printable(", ".join(online.values)),
        )
    return {
        "match_keys_lead": lead,
        "match_keys_basis": basis,
        "match_keys_heads": [
            words.text("match_keys.column_month"),
            words.text("match_keys.column_orders"),
            *(words.text(f"match_keys.{kind}") for kind in kinds),
        ],
        "match_keys_rows": [
            (
                words.month(month.month),
                words.number(month.orders),
                *(words.percent(getattr(month, kind) / month.orders) for kind in kinds),
            )
            for month in reversed(months)
        ],
    }


def tied_revenue(report: Report) -> dict[str, float]:
    """Return type of status → revenue of tied orders; Metrica has that of paid ones only."""
    found = [each.tied_revenue for each in report.cohorts if each.tied_revenue is not None]
    return {"paid": float(sum(found))} if found else {}


def revenue(report: Report, words: Words) -> Values:
    """Return the lead and the two tables of orders and revenue."""
    states = ("crm", "delivered", "pending", "held", "rejected")
    total = sum(each.crm.orders for each in report.revenue)
    delivered = sum(each.delivered.orders for each in report.revenue)
    tied: dict[str, int] = {}
    for cohort in report.cohorts:
        for status_type, orders in cohort.tied_by_type.items():
            tied[status_type] = tied.get(status_type, 0) + orders
    paid = tied_revenue(report)
    seen: set[str | None] = set()
    orders_rows, amount_rows = [], []
    for each in report.revenue:
        kind = words.text(f"status_types.{each.status_type or 'none'}")
        label = f"{kind}, {printable(each.currency)}" if each.currency else kind
        amounts = [getattr(each, state) for state in states]
        is_first = each.status_type not in seen
        seen.add(each.status_type)
        tied_orders = tied.get(each.status_type or "") if is_first else None
        tied_amount = paid.get(each.status_type or "") if is_first else None
        orders_rows.append(
            [label, *(words.number(a.orders) for a in amounts), _known(tied_orders, words)]
        )
        amount_rows.append(
            [label, *(words.number(round(a.revenue)) for a in amounts), _known(tied_amount, words)]
        )
    currencies = {each.currency for each in report.revenue}
    main, _ = main_currency(report.revenue)
    return {
        "revenue_lead": words.text("revenue.lead", share=words.percent(delivered / total))
        if total
        else "",
        "revenue_note": words.text("revenue.other_currencies", currency=printable(main or "-"))
        if len(currencies) > 1
        else "",
        "revenue_heads": [
            words.text("revenue.column_type"),
            words.text("revenue.crm"),
            *(words.text(f"states.{state}") for state in states[1:]),
            words.text("revenue.tied"),
        ],
        "revenue_orders": orders_rows,
        "revenue_amounts": amount_rows,
    }


def _known(value: float | None, words: Words) -> str:
    return _NONE if value is None else words.number(round(value))


def steps(report: Report, words: Words) -> Values:
    """Return the lead and the table of the funnel."""
    total = sum(each.crm.orders for each in report.revenue)
    # An order has several statuses to send, so the counts of the statuses have no sum.
    to_send = sum(each.pending.orders + each.held.orders for each in report.revenue)
    return {
        "steps_lead": words.text(
            "steps.lead",
            orders=words.text("units.orders", n=total),
            to_send=words.text("units.orders", n=to_send),
        ),
        "steps_heads": [
            words.text("steps.column_status"),
            words.text("steps.column_orders"),
            words.text("steps.to_send"),
            words.text("steps.rejected"),
            words.text("steps.column_hours"),
        ],
        "steps_rows": [
            (
                printable(step.name or step.status),
                words.number(step.orders),
                words.number(step.to_send),
                words.number(step.rejected),
                _NONE if step.median_hours is None else words.hours(step.median_hours),
            )
            for step in report.steps
        ],
        "has_hours": any(step.median_hours is not None for step in report.steps),
    }


def cohorts(report: Report, words: Words) -> Values:
    """Return the lead and the table of measured months."""
    rated = [cohort for cohort in report.cohorts if cohort.rate is not None]
    lead = ""
    if rated and rated[-1].rate is not None:
        lead = words.text(
            "cohorts.lead",
            month=words.month(rated[-1].month),
            rate=words.percent(rated[-1].rate),
        )
    keys = ("month", "delivered", "in_window", "tied", "expected", "rate", "measured")
    return {
        "cohorts_lead": lead,
        "cohorts_heads": [words.text(f"cohorts.column_{key}") for key in keys],
        "cohorts_rows": [
            (
                words.month(cohort.month),
                words.number(cohort.delivered),
                words.number(cohort.in_window),
                _known(cohort.tied, words),
                _known(cohort.expected, words),
                _NONE if cohort.rate is None else words.percent(cohort.rate),
                words.day(cohort.measured_at),
            )
            for cohort in reversed(report.cohorts)
        ],
    }


def schema(report: Report, words: Words) -> Values:
    """Return the sentence and the table of differences."""
    found = report.schema
    rows = [
        (
            printable(each.status),
            words.text("schema.status"),
            words.text(f"schema.{each.change}"),
            _mapping(each.mart_type, each.mart_name),
            _mapping(each.metrica_type, each.metrica_name),
        )
        for each in found.statuses
    ] + [
        (
            printable(each.attribute),
            words.text("schema.attribute", mart=words.text(f"marts.{each.mart}")),
            words.text(f"schema.{each.change}"),
            "",
            "",
        )
        for each in found.attributes
    ]
    keys = ("name", "kind", "change", "mart", "metrica")
    return {
        "schema_lead": words.text(
            "schema.some" if rows else "schema.equal",
            statuses=found.equal_statuses,
            attributes=found.equal_attributes,
            differences=len(rows),
        ),
        "schema_heads": [words.text(f"schema.column_{key}") for key in keys],
        "schema_rows": rows,
    }


def _mapping(type_: str | None, name: str | None) -> str:
    return ", ".join(printable(each) for each in (type_, name) if each)
