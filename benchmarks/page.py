"""The tables, the same on a terminal and on the results page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import works
from benchmarks.meter import Usage
from benchmarks.works import Figure

Rounds = Sequence[Mapping[str, Figure]]
"""The figures of every round by the name of the work."""

_POSTGRES_BARS = {
    works.FIRST: "≤ 2.0 x",
    works.PLAN: "≤ 0.8 x",
    works.RECONCILE: "≤ 2.0 x",
    works.CHANGED: "≤ start + 1 s",
    works.QUIET: "≤ start + 0.5 s",
}
_DUCKDB_BARS = _POSTGRES_BARS | {works.FIRST: "≤ 2.5 x"}


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one part of the night, the floor under them, and the rows of both marts."""

    floor: str
    rows: int
    rounds: Rounds


@dataclass(frozen=True, slots=True)
class Section:
    """One warehouse at one size. dbt is measured at the first size only."""

    warehouse: str
    orders: int
    dbt: Part | None
    export: Part | None
    stages: Mapping[str, float]
    places: Mapping[str, float]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are set to the right."""
    lines = [list(heads), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    shown = [_line(line, widths) for line in lines]
    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([shown[0], rule, *shown[1:]])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return "| " + " | ".join(padded) + " |"


def figures(section: Section) -> str:
    """Return the table of one warehouse: the medians, and the medians of the rounds' ratios."""
    bars = _POSTGRES_BARS if section.warehouse == "postgres" else _DUCKDB_BARS
    rows = [
        (*cells, bars.get(cells[0], ""))
        for part in (section.dbt, section.export)
        if part is not None
        for cells in _lines(part)
    ]
    heads = ("work", "rows/s", "wall s", "CPU s", "server CPU s", "peak MB", "uploads")
    return table((*heads, "x floor", "range", "bar"), rows)


def _lines(part: Part) -> Iterator[tuple[str, ...]]:
    for name in sorted(part.rounds[0], key=lambda name: name != part.floor):
        taken = [one[name] for one in part.rounds]
        wall = median(figure.usage.wall for figure in taken)
        ratios = [one[name].usage.wall / one[part.floor].usage.wall for one in part.rounds]
        yield (
            name,
            f"{part.rows / wall:,.0f}",
            f"{wall:.2f}",
            f"{median(figure.usage.cpu for figure in taken):.2f}",
            f"{median(figure.server_cpu for figure in taken):.2f}",
            f"{max(figure.usage.peak for figure in taken) / 1e6:.0f}",
            f"{median(figure.data_requests for figure in taken):.0f}",
            f"{median(ratios):.2f}",
            f"{min(ratios):.2f}-{max(ratios):.2f}",
        )


def stages(sections: Sequence[Section]) -> str:
    """Return the thread seconds of a first export by stage, for each warehouse and size."""
    names = [name for name in sections[0].stages if name != "wall"]
    return table(
        ("first export", "wall s", *names),
        (
            (
                f"{section.warehouse}, {section.orders:,}",
                f"{section.stages['wall']:.2f}",
                *(f"{section.stages[name]:.2f}" for name in names),
            )
            for section in sections
        ),
    )


def places(section: Section, most: int = 12) -> str:
    """Return the functions in which a first export spends most of its threads' time."""
    longest = sorted(section.places.items(), key=lambda item: -item[1])[:most]
    return table(("function", "s"), ((name, f"{seconds:.2f}") for name, seconds in longest))


def growth(sections: Sequence[Section]) -> str:
    """Return time and memory of a first export against the size of the mart."""
    first: dict[str, tuple[float, int]] = {}
    rows = []
    for section in sections:
        if section.export is None:
            continue
        taken = [one[works.FIRST].usage for one in section.export.rounds]
        wall = median(usage.wall for usage in taken)
        peak = max(usage.peak for usage in taken)
        per_row = wall / section.export.rows
        base = first.setdefault(section.warehouse, (per_row, peak))
        rows.append(
            (
                f"{section.warehouse}, {section.orders:,}",
                f"{per_row * 1e6:.2f}",
                f"{per_row / base[0]:.2f}",
                f"{peak / 1e6:.0f}",
                f"{peak / base[1]:.2f}",
            )
        )
    heads = ("first export", "s per million rows", "x smallest", "peak MB", "x smallest")
    return table(heads, rows)


def starts(found: Mapping[str, Sequence[Usage]]) -> str:
    """Return what the program takes before it does anything."""
    return table(
        ("start", "wall s", "CPU s", "peak MB"),
        (
            (
                name,
                f"{median(usage.wall for usage in taken):.3f}",
                f"{median(usage.cpu for usage in taken):.3f}",
                f"{max(usage.peak for usage in taken) / 1e6:.0f}",
            )
            for name, taken in found.items()
        ),
    )
