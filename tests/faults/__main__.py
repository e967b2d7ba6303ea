"""`python -m tests.faults`: run the fault campaign and print its result; exit 1 if it failed."""

import argparse
import os
import sys
import time

from tests.faults import tasks
from tests.faults.campaign import PARTS, Campaign, CampaignOptions
from tests.faults.controls import CONTROLS
from tests.faults.history import HistoryResult
from tests.faults.kills import SCENARIOS
from tests.faults.shrink import shrink
from tests.faults.summary import summary
from tests.faults.workspace import PostgresServer
from tests.support.lake_marts import ICEBERG
from tests.support.postgres_binaries import in_wheel, installed
from tests.support.postgres_fixture import RunningPostgres

_WAREHOUSE_KINDS = ("duckdb", "postgres")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1, help="seed of the first history")
    parser.add_argument("--jobs", type=int, default=0, help="worker processes; 0: one per core")
    parser.add_argument("--warehouse", choices=(*_WAREHOUSE_KINDS, ICEBERG, "both"), default="both")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument(
        "--scenario", choices=tuple(SCENARIOS), help="kill the run of this scenario only"
    )
    parser.add_argument("--step", type=int, help="kill at this I/O step only")
    parser.add_argument(
        "--every", type=int, default=1, help="kill at every n-th I/O step; the seed gives the first"
    )
    parser.add_argument(
        "--shrink",
        action="store_true",
        help="shrink the history of the seed, if it breaks an invariant",
    )
    parser.add_argument(
        "--without", choices=tuple(CONTROLS), help="shrink without the guard of this control"
    )
    return parser


def _options(parser: argparse.ArgumentParser, args: argparse.Namespace) -> CampaignOptions:
    parts = tuple(args.parts.split(","))
    if not set(parts) <= set(PARTS):
        parser.error(f"--parts takes {','.join(PARTS)}")
    if args.every < 1:
        parser.error("--every takes 1 or more")
    return CampaignOptions(
        args.histories if "histories" in parts else 0,
        args.seed,
        args.jobs or os.cpu_count() or 1,
        _WAREHOUSE_KINDS if args.warehouse == "both" else (args.warehouse,),
        parts,
        (args.scenario,) if args.scenario else tuple(SCENARIOS),
        args.step,
        args.every,
    )


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _shrink(
    server: PostgresServer, seed: int, warehouse_kind: str, without_guard: str | None
) -> int:
    def run_actions(numbers: frozenset[int] | None) -> HistoryResult:
        return tasks.run_history(server, seed, warehouse_kind, numbers, without_guard)

    shrunk = shrink(run_actions, _print)
    if shrunk is None:
        _print("This history breaks no invariant.")
        return 0
    violations = [f"[{invariant}] {message}" for invariant, message in shrunk.result.violations]
    title = f"Shortest history after {shrunk.attempts} attempts:"
    _print("\n".join([title, *shrunk.result.actions, *violations]))
    return 1


def main() -> int:
    """Run the campaign that the command line selects; return the exit status."""
    parser = _parser()
    args = parser.parse_args()
    options = _options(parser, args)
    for name in list(os.environ):
        if name.startswith(("METRICA_", "DBT_", "PG")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    started = time.monotonic()
    with RunningPostgres(installed() or in_wheel()) as postgres:
        server = PostgresServer.of(postgres)
        if args.shrink:
            return _shrink(server, args.seed, options.warehouse_kinds[0], args.without)
        result = Campaign(server, options, _print).run()
    _print(summary(options, result, time.monotonic() - started))
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
