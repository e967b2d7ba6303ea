"""The comparison of the marts with the delivered rows: the delta, its verdicts and its impact.

`run` and `plan` share it. It writes to the staging tables only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from metrica_export.checks.references import find_references
from metrica_export.checks.selection import select
from metrica_export.checks.sendable import count_sendable
from metrica_export.checks.staged_mart import StagedMart, stage
from metrica_export.checks.status_steps import find_steps
from metrica_export.checks.verdicts import count_verdicts, find_problems, verdicts
from metrica_export.commands.outcome import Outcome
from metrica_export.delivery.chunks import Chunk
from metrica_export.delivery.piles import plan_chunks
from metrica_export.delta.comparison import with_since
from metrica_export.delta.delta import Scope
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.records import EntityCounts
from metrica_export.review.gate import find_exceeded
from metrica_export.review.gate_texts import Texts
from metrica_export.review.impact import ReviewedMart, count_unsendable_expiring, find_impact
from metrica_export.settings import Options
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import wall_clock
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.session import Session

FindSteps = Callable[[Attached, StagedMart], None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The marts of one command in the staging tables, by name in the order of work.

    `chunks` has the chunks of each mart's first wave. `clock` has the time at the first staged
    mart. The fault campaign replaces `find_steps`.
    """

    session: Session
    ledger: Ledger
    options: Options
    find_steps: FindSteps = find_steps
    reviewed: dict[str, ReviewedMart] = field(default_factory=dict)
    chunks: dict[str, list[Chunk]] = field(default_factory=dict)
    clock: list[str] = field(default_factory=list)

    @property
    def wh(self) -> Attached:
        """The warehouse with the staging tables."""
        return self.session.wh

    @property
    def staged(self) -> dict[str, StagedMart]:
        """The reviewed marts in the staging tables."""
        return {name: mart.staged for name, mart in self.reviewed.items()}

    def stage(self, mart: Mart, scope: Scope) -> StagedMart:
        """Stage the delta of a mart and validate it, assuming that earlier marts are delivered."""
        staged = stage(self.wh, self.ledger, mart, self.options, scope)
        if staged.rows and mart.has_times:
            if not self.clock:
                self.clock.append(wall_clock(self.wh, mart))
            staged = replace(staged, now=self.clock[0])
        self.validate(staged, presume=True)
        return staged

    def validate(self, staged: StagedMart, *, presume: bool) -> None:
        """Find the sendable rows of a staged mart, and their chunks.

        With `presume`, the sendable rows of earlier marts count as delivered.
        """
        if staged.rows:
            find_references(self.session, self.ledger, staged, self.staged, presume=presume)
        find_problems(self.wh, staged)
        self.find_steps(self.wh, staged)
        self.chunks[staged.name] = plan_chunks(self.wh, staged)

    def limit(self, outcome: Outcome) -> dict[str, tuple[int, int]]:
        """Leave the orders and contacts that `--limit` does not select to later runs.

        Returns mart → the numbers of selected and of all sendable rows. All marts must be reviewed.
        """
        if self.options.limit is None:
            return {}
        found = {}
        for before, staged in select(self.wh, [*self.staged.values()], self.options.limit):
            selected, sendable = count_sendable(self.wh, staged), count_sendable(self.wh, before)
            found[staged.name] = (selected, sendable)
            self.chunks[staged.name] = plan_chunks(self.wh, staged)
            expiring = self.reviewed[staged.name].changes.expiring
            self.review(staged, outcome)
            changes = self.reviewed[staged.name].changes
            changes = replace(
                changes,
                unselected=sendable - selected,
                unselected_expiring=expiring - changes.expiring,
            )
            self.reviewed[staged.name] = replace(self.reviewed[staged.name], changes=changes)
            outcome.changes[staged.name] = changes
        return found

    def review(self, staged: StagedMart, outcome: Outcome) -> None:
        """Put the counts and the impact of a validated mart into the outcome."""
        counts, changes = self.counts(staged), find_impact(self.session, self.ledger, staged)
        if counts.rejected or counts.held:
            expiring = count_unsendable_expiring(self.wh, staged)
            changes = replace(changes, unsendable_expiring=expiring)
        self.reviewed[staged.name] = ReviewedMart(staged, counts, changes)
        outcome.entities[staged.name], outcome.changes[staged.name] = counts, changes

    def counts(self, staged: StagedMart) -> EntityCounts:
        """Return the counts of a mart's rows before anything is sent."""
        rejected, held = count_verdicts(self.wh, staged)
        delta = staged.delta
        return EntityCounts(delta.mart_rows, 0, delta.unchanged, rejected, held, 0)

    def find_exceeded(self) -> dict[str, Texts]:
        """Return the limits of the gate that the reviewed marts exceed."""
        return find_exceeded(self.session, self.ledger, self.options.gate, self.reviewed)

    def verdicts(self, staged: StagedMart) -> str:
        """Return the query of a mart's verdicts, each with the run that first gave one."""
        return with_since(staged.name, verdicts(staged))

    def count_new(self, outcome: Outcome) -> int:
        """Count the rejected and held rows that were neither after the last complete run."""
        if not any(counts.rejected or counts.held for counts in outcome.entities.values()):
            return 0
        complete = self.ledger.last_complete()
        new = 0
        for entity, staged in self.staged.items():
            counts = outcome.entities[entity]
            if counts.rejected or counts.held:
                last, _ = complete.get(entity, (0, 0))
                (rows,) = self.wh.row(
                    f"select count(*) from ({self.verdicts(staged)}) "
                    f"where (_since is null or _since > {last}) and _state <> 'pending'"
                )
                new += rows
        return new
