"""The table that the campaign ends with."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.campaign import Found, Wanted
from tests.faults.controls import CONTROLS
from tests.faults.invariants import INVARIANTS
from tests.faults.trials import DELIVERED


def summary(wanted: Wanted, found: Found, seconds: float) -> str:
    """Return the figures of a campaign as text."""
    last = wanted.seed + wanted.histories - 1
    lines = [
        "",
        f"Seeds {wanted.seed} to {last}, {wanted.jobs} jobs, {seconds:.0f} s",
        *_table("Histories", found.histories),
        *_table("Kill points", found.kill_points),
        *_section("I/O steps of those runs", found.step_kinds),
        *_section("Runs, by how they ended", _of(found.tally, "exit ")),
        *_section("Faults that requests met", _of(found.tally, "fault ")),
        *_controls(found),
        "",
        f"{len(found.broken)} broken" + "".join(f"\n  {repeat}" for repeat in found.broken),
        "PASSED" if found.passed else "FAILED",
    ]
    return "\n".join(lines)


def _table(title: str, counts: Counter[tuple[str, str]]) -> Iterator[str]:
    kinds = sorted({kind for _, kind in counts})
    yield f"\n{title:<28}" + "".join(f"{kind:>10}" for kind in [*kinds, "all"])
    for name in dict.fromkeys(name for name, _ in counts):
        row = [counts[name, kind] for kind in kinds]
        yield f"  {name:<26}" + "".join(f"{n:>10,}" for n in [*row, sum(row)])
    sums = [sum(n for (_, of), n in counts.items() if of == kind) for kind in kinds]
    yield f"  {'all':<26}" + "".join(f"{n:>10,}" for n in [*sums, sum(sums)])


def _section(title: str, counts: Counter[str]) -> Iterator[str]:
    yield f"\n{title}: {counts.total():,}"
    yield "  " + ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items()))


def _of(tally: Counter[str], prefix: str) -> Counter[str]:
    return Counter({k.removeprefix(prefix): n for k, n in tally.items() if k.startswith(prefix)})


def _controls(found: Found) -> Iterator[str]:
    if not found.controls:
        return
    yield "\nWith one guard left out"
    for name, trials in found.controls.items():
        counts = ", ".join(f"{what} in {n}" for what, n in sorted(trials.broken().items()))
        yield (
            f"  {name:<22} {trials.dead(CONTROLS[name]) or 'alive'}: {len(trials.without)} trials, "
            f"{trials.total('runs')} runs, {trials.total(DELIVERED):,} rows delivered; "
            f"broken: {counts or 'nothing'}"
        )
    yield from (f"    {name}: {promise}" for name, promise in INVARIANTS.items())
