"""The tables, the same on a terminal and on the results page."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import dbt, machine, works
from benchmarks.meter import Usage
from benchmarks.works import Figure

Rounds = Sequence[Mapping[str, Figure]]
"""The figures of every round by the name of the work."""

_NAMES = {"postgres": "PostgreSQL", "duckdb": "DuckDB"}


@dataclass(frozen=True, slots=True)
class Bar:
    """The most that a work may take, in one of `_MEASURES`, as a rule its ratio to the floor."""

    work: str
    most: float
    measure: str = "x"
    over: str | None = None
    """The work whose time is the unit instead of the floor's."""
    warehouses: Collection[str] = tuple(_NAMES)


_MODELS = dbt.FULL + dbt.NODES
_BARS = (
    Bar(_MODELS, 13, warehouses=("postgres",)),
    Bar(_MODELS, 8, warehouses=("duckdb",)),
    Bar(dbt.DATA_TESTS + dbt.NODES, 0.5, over=_MODELS),
    Bar(dbt.INCREMENTAL + dbt.NODES, 3.5, warehouses=("postgres",)),
    Bar(works.FIRST, 2.6),
    Bar(works.FIRST, 0.6, over=works.CURSOR_SCRIPT),
    Bar(works.FIRST, 450, measure="MB"),
    Bar(works.FIRST, 60, measure="bytes", warehouses=("postgres",)),
    Bar(works.PLAN, 1.3),
    Bar(works.RECONCILE, 1.2),
    Bar(works.CHANGED, 0.35),
    Bar(works.QUIET, 0.22),
)
_MEASURES = {
    "x": "time",
    "MB": "peak memory",
    "bytes": "ledger with its index, per delivered state",
}


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

    @property
    def title(self) -> str:
        """Return the warehouse, the size, and the cores of the machine."""
        return f"{_NAMES[self.warehouse]}, {self.orders:,} orders, {machine.cores()} cores"

    @property
    def parts(self) -> Iterator[Part]:
        """Yield the parts that were measured, in the order of the night."""
        yield from (part for part in (self.dbt, self.export) if part is not None)


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
    """Return the table of one warehouse: the medians, and the medians of the rounds' ratios.

    Bars over the floor stand in their lines, the others in a table of their own.
    """
    bars = [(bar, part) for part in section.parts for bar in _bars(section.warehouse, part)]
    in_lines = {bar.work: _verdict(bar, part) for bar, part in bars if _is_over_floor(bar)}
    rows = [
        (*cells, in_lines.get(cells[0], "")) for part in section.parts for cells in _lines(part)
    ]
    heads = ("work", "rows/s", "wall s", "CPU s", "server CPU s", "peak MB", "uploads")
    shown = table((*heads, "x floor", "range", "bar"), rows)
    others = [
        (_name(bar), f"{_value(bar, part):.2f} {bar.measure}", _verdict(bar, part))
        for bar, part in bars
        if not _is_over_floor(bar)
    ]
    return f"{shown}\n\n{table(('other bars', 'measured', 'bar'), others)}" if others else shown


def _bars(warehouse: str, part: Part) -> Iterator[Bar]:
    measured = part.rounds[0].keys()
    for bar in _BARS:
        if warehouse in bar.warehouses and {bar.work, bar.over or part.floor} <= measured:
            yield bar


def _is_over_floor(bar: Bar) -> bool:
    return bar.measure == "x" and bar.over is None


def _name(bar: Bar) -> str:
    over = f" over that of {bar.over}" if bar.over else ""
    return f"{bar.work}: {_MEASURES[bar.measure]}{over}"


def _value(bar: Bar, part: Part) -> float:
    taken = [one[bar.work] for one in part.rounds]
    if bar.measure == "MB":
        return max(figure.usage.peak for figure in taken) / 1e6
    if bar.measure == "bytes":
        return median(figure.ledger_bytes for figure in taken)
    return median(_ratios(part, bar.work, bar.over or part.floor))


def _ratios(part: Part, work: str, over: str) -> list[float]:
    return [one[work].usage.wall / one[over].usage.wall for one in part.rounds]


def _verdict(bar: Bar, part: Part) -> str:
    # The verdict is about the figure on the page.
    met = round(_value(bar, part), 2) <= bar.most
    return f"≤ {bar.most:g} {bar.measure}, {'met' if met else 'missed'}"


def _lines(part: Part) -> Iterator[tuple[str, ...]]:
    for name in sorted(part.rounds[0], key=lambda name: name != part.floor):
        taken = [one[name] for one in part.rounds]
        wall = median(figure.usage.wall for figure in taken)
        ratios = _ratios(part, name, part.floor)
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
                section.title,
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
                section.title,
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
