"""`python -m benchmarks`: measure, print the table, and keep the page if asked to."""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks import dbt, machine, mart, page, works
from benchmarks.meter import Usage
from benchmarks.page import Part, Section
from benchmarks.server import BenchPostgres
from benchmarks.stages import STAGES
from benchmarks.works import Bench, Figure

_PAGE = Path(__file__).with_name("RESULTS.md")
_INTRODUCTION = """\
# Results of `make bench`

Written by `make bench RESULTS=1`; not by hand. Every figure is the median of {runs} rounds (of
one beyond {often:,} orders), and every ratio is taken inside its round, against the floor of
reading beside it: `psql` with `COPY` of every column of both marts, to /dev/null (on a DuckDB
file DuckDB's own `COPY … TO` a CSV file).
The mart has a fifth as many contacts as orders; rows are those of both. The floor of uploading
is curl with the same bytes. PostgreSQL is durable (`fsync` on) and its processors' time is in a
column of its own. Peak memory is that of the whole process tree.
The bars are for 2 cores: those of dbt for 1,000,000 orders, those of the export for 2,000,000.
{dbt}"""
_DBT = """
dbt builds its marts from a CRM of {orders:,} orders, new in every round. Its ratios are to the
floor of reading these marts. A line "without dbt's start" has the time from the start of the first
node to the end of the last. Its other columns repeat those of the whole command.
"""

_OFTEN = 5_000_000
"""Larger marts are measured in one round, which takes minutes."""

_PARTS = {"export", "dbt"}


@dataclass(frozen=True, slots=True)
class _Sitting:
    folder: Path
    sink: str
    runs: int
    dbt_orders: int


def _split_parts(_context: click.Context, _option: click.Parameter, value: str) -> set[str]:
    parts = set(value.split(","))
    if not parts <= _PARTS:
        raise click.BadParameter(f"Name one or both of {', '.join(sorted(_PARTS))}.")
    return parts


@click.command()
@click.option("--rows", default="1000000", show_default=True, help="Orders; several sizes: 1,2,3.")
@click.option("--runs", default=3, show_default=True, help="Rounds of each size.")
@click.option("--warehouse", default="postgres,duckdb", show_default=True)
@click.option("--parts", default="export,dbt", show_default=True, callback=_split_parts)
@click.option("--dbt-orders", default=1_000_000, show_default=True, help="Orders in dbt's CRM.")
@click.option(
    "--rivals",
    type=click.Path(path_type=Path),
    help="The Python with their packages; they run at the first size only.  [default: none run]",
)
@click.option("--results", is_flag=True, help="Write benchmarks/RESULTS.md too.")
def bench(  # noqa: PLR0913 - one parameter per option
    *,
    rows: str,
    runs: int,
    warehouse: str,
    parts: set[str],
    dbt_orders: int,
    rivals: Path | None,
    results: bool,
) -> None:
    """Compare dbt and the export with the floors under them and with the rivals of the export."""
    sizes = [int(size) for size in rows.replace(",", " ").split()]
    with tempfile.TemporaryDirectory(prefix="bench-") as name, works.running_sink() as sink:
        sitting = _Sitting(Path(name), sink, runs, dbt_orders)
        with BenchPostgres() as server:
            facts = machine.describe(sitting.folder, server.version(), rivals)
        starts = _starts() if "export" in parts else {}
        sections = []
        for kind in warehouse.split(","):
            built = _build(sitting, kind) if "dbt" in parts else None
            if "export" not in parts:
                sections.append(Section(kind, dbt_orders, built, None, {}, {}))
                continue
            sections.append(_section(sitting, kind, sizes[0], built, rivals))
            sections += [_section(sitting, kind, size, None, None) for size in sizes[1:]]
    text = _text(facts, starts, sections, sitting)
    click.echo(text)
    if results:
        _PAGE.write_text(text, encoding="utf-8")


def _starts() -> dict[str, list[Usage]]:
    found: dict[str, list[Usage]] = defaultdict(list)
    for _ in range(5):
        for name, usage in works.starts():
            found[name].append(usage)
    return found


def _build(sitting: _Sitting, kind: str) -> Part:
    orders = sitting.dbt_orders
    rounds = (dbt.work_round(kind, orders) for _ in range(sitting.runs))
    return Part(dbt.READ_FLOOR, dbt.rows(orders), _take(f"{kind} {orders:,}", rounds))


def _section(
    sitting: _Sitting, kind: str, orders: int, built: Part | None, rivals: Path | None
) -> Section:
    if kind != "postgres":
        rivals = None
    with _filled(sitting, kind, orders) as bench:
        runs = sitting.runs if orders <= _OFTEN else 1
        rounds = _take(f"{kind} {orders:,}", (bench.round(i, rivals) for i in range(runs)))
        mart.forget(bench.marts)
        found = _stages(bench)
        stages = {"wall": found["wall"]}
        stages |= {name: found["stages"].get(name, 0.0) for name in (*STAGES, "other")}
        (marts,) = bench.marts.sql(
            "select (select count(*) from metrica.orders) + (select count(*) from metrica.contacts)"
        )
        export = Part(works.READ_FLOOR, marts[0], rounds)
        return Section(kind, orders, built, export, stages, found["places"])


def _take(title: str, rounds: Iterable[Iterable[tuple[str, Figure]]]) -> list[dict[str, Figure]]:
    taken = []
    for number, one in enumerate(rounds, 1):
        figures = {}
        for name, figure in one:
            _tell(f"{title} round {number}: {name}: {figure.usage.wall:.2f} s")
            figures[name] = figure
        taken.append(figures)
    return taken


@contextmanager
def _filled(sitting: _Sitting, kind: str, orders: int) -> Iterator[Bench]:
    _tell(f"{kind} {orders:,}: filling")
    with tempfile.TemporaryDirectory(dir=sitting.folder) as name:
        project = Path(name)
        if kind == "duckdb":
            yield Bench(mart.fill(project, None, orders), None, sitting.sink, sitting.folder)
            return
        with BenchPostgres() as server:
            marts = mart.fill(project, server.database("bench"), orders)
            yield Bench(marts, server, sitting.sink, sitting.folder)


def _stages(bench: Bench) -> dict[str, Any]:
    out = bench.folder / "stages.json"
    command = [sys.executable, "-m", "benchmarks.stages", str(out), "run", *bench.marts.flags]
    subprocess.run(command, env=bench.env, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def _text(
    facts: Sequence[tuple[str, str]],
    starts: dict[str, list[Usage]],
    sections: Sequence[Section],
    sitting: _Sitting,
) -> str:
    built = any(section.dbt for section in sections)
    parts = [
        _INTRODUCTION.format(
            runs=sitting.runs,
            often=_OFTEN,
            dbt=_DBT.format(orders=sitting.dbt_orders) if built else "",
        ),
        page.table(("measured on", ""), facts),
    ]
    for section in sections:
        parts += [f"\n## {section.title}\n", page.figures(section)]
    exported = [section for section in sections if section.export]
    if exported:
        parts += _details(exported, starts)
    return "\n".join([*parts, ""])


def _details(sections: Sequence[Section], starts: dict[str, list[Usage]]) -> Iterator[str]:
    yield from ("\n## Growth\n", page.growth(sections))
    yield "\n## Where the time of a first export goes\n"
    yield "Thread seconds by stage; stages that overlap add up to more than the clock's time.\n"
    yield page.stages(sections)
    for section in sections:
        yield f"\n{section.title}:\n"
        yield page.places(section)
    yield from (f"\n## Start, {machine.cores()} cores\n", page.starts(starts))


def _tell(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    bench()
