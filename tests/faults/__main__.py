"""`python -m tests.faults`: run the campaign, print what it found, exit 1 if anything is wrong."""

import argparse
import os
import sys
import time

from tests.faults import tasks
from tests.faults.campaign import PARTS, Campaign, Wanted
from tests.faults.controls import CONTROLS
from tests.faults.history import Told
from tests.faults.kills import SCENARIOS
from tests.faults.places import Server
from tests.faults.shrink import shrink
from tests.faults.summary import summary
from tests.support.postgres_binaries import in_wheel, installed
from tests.support.postgres_fixture import RunningPostgres

_BOTH = ("duckdb", "postgres")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first history")
    parser.add_argument("--jobs", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--warehouse", choices=(*_BOTH, "both"), default="both")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--scenario", choices=tuple(SCENARIOS), help="kill this run only")
    parser.add_argument("--step", type=int, help="kill at this step only")
    parser.add_argument(
        "--shrink", action="store_true", help="find the shortest part of one history that breaks"
    )
    parser.add_argument("--without", choices=tuple(CONTROLS), help="shrink without this guard")
    return parser


def _wanted(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Wanted:
    parts = tuple(given.parts.split(","))
    if not set(parts) <= set(PARTS):
        parser.error(f"--parts takes {','.join(PARTS)}")
    return Wanted(
        given.histories if "histories" in parts else 0,
        given.seed,
        given.jobs or os.cpu_count() or 1,
        _BOTH if given.warehouse == "both" else (given.warehouse,),
        parts,
        (given.scenario,) if given.scenario else tuple(SCENARIOS),
        given.step,
    )


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _shrink(server: Server, seed: int, kind: str, without: str | None) -> int:
    def attempt(kept: frozenset[int] | None) -> Told:
        return tasks.live(server, seed, kind, kept, without)

    shrunk = shrink(attempt, _tell)
    if shrunk is None:
        _tell("This history breaks nothing.")
        return 0
    lines = [f"[{invariant}] {message}" for invariant, message in shrunk.history.violations]
    _tell("\n".join([f"Shortest of {shrunk.attempts}:", *shrunk.history.actions, *lines]))
    return 1


def main() -> int:
    """Run what the command line asks for; returns the exit status."""
    parser = _parser()
    given = parser.parse_args()
    wanted = _wanted(parser, given)
    for name in list(os.environ):
        if name.startswith(("METRICA_", "DBT_", "PG")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    began = time.monotonic()
    with RunningPostgres(installed() or in_wheel()) as postgres:
        if given.shrink:
            return _shrink(Server.of(postgres), given.seed, wanted.warehouses[0], given.without)
        found = Campaign(Server.of(postgres), wanted, _tell).run()
    _tell(summary(wanted, found, time.monotonic() - began))
    return 0 if found.passed else 1


if __name__ == "__main__":
    sys.exit(main())
