"""`python -m tests.faults`: run the campaign, print what it found, exit 1 if anything is wrong."""

import argparse
import os
import sys
import time

from tests.faults.campaign import PARTS, Campaign, Wanted
from tests.faults.kills import SCENARIOS
from tests.faults.places import Server
from tests.faults.summary import summary
from tests.support.postgres_binaries import in_wheel, installed
from tests.support.postgres_fixture import RunningPostgres

_BOTH = ("duckdb", "postgres")


def _wanted() -> Wanted:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first history")
    parser.add_argument("--jobs", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--warehouse", choices=(*_BOTH, "both"), default="both")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--scenario", choices=tuple(SCENARIOS), help="kill this run only")
    parser.add_argument("--step", type=int, help="kill at this step only")
    given = parser.parse_args()
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


def main() -> int:
    """Run what the command line asks for; returns the exit status."""
    wanted = _wanted()
    for name in list(os.environ):
        if name.startswith(("METRICA_", "DBT_", "PG")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    began = time.monotonic()
    with RunningPostgres(installed() or in_wheel()) as postgres:
        found = Campaign(Server.of(postgres), wanted, _tell).run()
    _tell(summary(wanted, found, time.monotonic() - began))
    return 0 if found.passed else 1


if __name__ == "__main__":
    sys.exit(main())
