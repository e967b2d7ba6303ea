"""The summary that the campaign prints at its end."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.campaign import CampaignOptions, CampaignResult
from tests.faults.controls import CONTROLS
from tests.faults.invariants import INVARIANTS
from tests.faults.kills import SAME_STATE
from tests.faults.trials import ROWS_DELIVERED


def summary(options: CampaignOptions, result: CampaignResult, seconds: float) -> str:
    """Return the figures of a campaign as text."""
    last_seed = options.seed + options.histories - 1
    lines = [
        "",
        f"Seeds {options.seed} to {last_seed}, {options.jobs} jobs, {seconds:.0f} s",
        *_table("Histories", result.histories),
        *_table("Kill points", result.kill_points),
        *_section("I/O steps of the killed runs", result.io_step_kinds),
        f"{SAME_STATE.capitalize()}: {result.event_counts[SAME_STATE]:,}",
        *_section("Runs by exit code", _with_prefix(result.event_counts, "exit ")),
        *_section("Requests with a fault", _with_prefix(result.event_counts, "fault ")),
        *_controls(result),
        "",
        f"{len(result.failures)} broken" + "".join(f"\n  {args}" for args in result.failures),
        "PASSED" if result.passed else "FAILED",
    ]
    return "\n".join(lines)


def _table(title: str, counts: Counter[tuple[str, str]]) -> Iterator[str]:
    kinds = sorted({kind for _, kind in counts})
    yield f"\n{title:<28}" + "".join(f"{kind:>10}" for kind in [*kinds, "all"])
    for name in dict.fromkeys(name for name, _ in counts):
        row = [counts[name, kind] for kind in kinds]
        yield f"  {name:<26}" + "".join(f"{n:>10,}" for n in [*row, sum(row)])
    sums = [sum(n for (_, other), n in counts.items() if other == kind) for kind in kinds]
    yield f"  {'all':<26}" + "".join(f"{n:>10,}" for n in [*sums, sum(sums)])


def _section(title: str, counts: Counter[str]) -> Iterator[str]:
    yield f"\n{title}: {counts.total():,}"
    yield "  " + ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items()))


def _with_prefix(counts: Counter[str], prefix: str) -> Counter[str]:
    return Counter({k.removeprefix(prefix): n for k, n in counts.items() if k.startswith(prefix)})


def _controls(result: CampaignResult) -> Iterator[str]:
    if not result.controls:
        return
    yield "\nControls: the exporter without one guard"
    for name, control in result.controls.items():
        broken = ", ".join(
            f"{invariant} in {n}" for invariant, n in sorted(control.broken_invariants().items())
        )
        yield (
            f"  {name:<22} {control.failure(CONTROLS[name]) or 'passed'}: "
            f"{len(control.without_guard)} trials, {control.total('runs')} runs, "
            f"{control.total(ROWS_DELIVERED):,} rows delivered; "
            f"broken invariants: {broken or 'none'}"
        )
    yield from (f"    {name}: {description}" for name, description in INVARIANTS.items())
