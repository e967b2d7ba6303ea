"""`python -m benchmarks`: measure, print the table, and keep the page if asked to."""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks import machine, mart, page, works
from benchmarks.meter import Usage
from benchmarks.page import Section
from benchmarks.server import BenchPostgres
from benchmarks.stages import STAGES
from benchmarks.works import Bench

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
`start` in the bars is that of `metrica-export --help`.
"""

_OFTEN = 5_000_000
"""Larger marts are measured in one round, which takes minutes."""


@dataclass(frozen=True, slots=True)
class _Place:
    folder: Path
    sink: str


@click.command()
@click.option("--rows", default="1000000", show_default=True, help="Orders; several sizes: 1,2,3.")
@click.option("--runs", default=3, show_default=True, help="Rounds of each size.")
@click.option("--warehouse", default="postgres,duckdb", show_default=True)
@click.option(
    "--rivals",
    type=click.Path(path_type=Path),
    help="The Python with their packages; they run at the first size only.  [default: none run]",
)
@click.option("--results", is_flag=True, help="Write benchmarks/RESULTS.md too.")
def bench(*, rows: str, runs: int, warehouse: str, rivals: Path | None, results: bool) -> None:
    """Compare the export with the floors under it and with what a team would write instead."""
    sizes = [int(size) for size in rows.replace(",", " ").split()]
    kinds = warehouse.split(",")
    with tempfile.TemporaryDirectory(prefix="bench-") as name, works.running_sink() as sink:
        folder = Path(name)
        facts = machine.describe(folder, _postgres_version(), rivals)
        starts = _starts()
        sections = [
            _section(
                _Place(folder, sink), kind, size, runs, rivals=rivals if size == sizes[0] else None
            )
            for kind in kinds
            for size in sizes
        ]
    text = _text(facts, starts, sections, runs)
    click.echo(text)
    if results:
        _PAGE.write_text(text, encoding="utf-8")


def _starts() -> dict[str, list[Usage]]:
    found: dict[str, list[Usage]] = defaultdict(list)
    for _ in range(5):
        for name, usage in works.starts():
            found[name].append(usage)
    return found


def _section(place: _Place, kind: str, orders: int, runs: int, *, rivals: Path | None) -> Section:
    with _filled(place, kind, orders) as bench:
        rounds = []
        for number in range(runs if orders <= _OFTEN else 1):
            figures = {}
            for name, figure in bench.round(number, rivals if kind == "postgres" else None):
                _tell(f"{kind} {orders:,} round {number + 1}: {name}: {figure.usage.wall:.2f} s")
                figures[name] = figure
            rounds.append(figures)
        mart.forget(bench.marts)
        found = _stages(bench)
        stages = {"wall": found["wall"]}
        stages |= {name: found["stages"].get(name, 0.0) for name in (*STAGES, "other")}
        (marts,) = bench.marts.sql(
            "select (select count(*) from metrica.orders) + (select count(*) from metrica.contacts)"
        )
        return Section(kind, orders, marts[0], rounds, stages, found["places"])


@contextmanager
def _filled(place: _Place, kind: str, orders: int) -> Iterator[Bench]:
    _tell(f"{kind} {orders:,}: filling")
    with tempfile.TemporaryDirectory(dir=place.folder) as name:
        project = Path(name)
        if kind == "duckdb":
            yield Bench(mart.fill(project, None, orders), None, place.sink, place.folder)
            return
        with BenchPostgres() as server:
            marts = mart.fill(project, server.database("bench"), orders)
            yield Bench(marts, server, place.sink, place.folder)


def _stages(bench: Bench) -> dict[str, Any]:
    out = bench.folder / "stages.json"
    command = [sys.executable, "-m", "benchmarks.stages", str(out), "run", *bench.marts.flags]
    subprocess.run(command, env=bench.env, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def _postgres_version() -> str:
    with BenchPostgres() as server:
        done = subprocess.run(
            [server.psql, "--version"], capture_output=True, text=True, check=True
        )
    return done.stdout.strip().replace("psql (PostgreSQL)", "PostgreSQL")


def _text(
    facts: Sequence[tuple[str, str]],
    starts: dict[str, list[Usage]],
    sections: Sequence[Section],
    runs: int,
) -> str:
    parts = [_INTRODUCTION.format(runs=runs, often=_OFTEN), page.table(("measured on", ""), facts)]
    for section in sections:
        parts += [f"\n## {section.warehouse}, {section.orders:,} orders\n", page.figures(section)]
    parts += ["\n## Growth\n", page.growth(sections)]
    parts += [
        "\n## Where the time of a first export goes\n",
        "Thread seconds by stage; stages that overlap add up to more than the clock's time.\n",
        page.stages(sections),
    ]
    for section in sections:
        parts += [f"\n{section.warehouse}, {section.orders:,} orders:\n", page.places(section)]
    parts += ["\n## Start\n", page.starts(starts), ""]
    return "\n".join(parts)


def _tell(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    bench()
