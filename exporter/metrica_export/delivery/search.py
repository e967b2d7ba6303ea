"""The search for the bad rows of refused files.

Metrica refuses a file as a whole, and its reason may name no row. The search has a budget of
requests and takes these steps:

1. A refused file is halved, left half first, until `FEW` bad rows have been sent alone. If hardly
   any row was accepted by then, a few rows from all parts of the file are sent alone.
2. The search looks for a trait of bad rows that no accepted row has: the value of a column, an
   element of a list, empty or filled, the form of the text. It prefers a column that Metrica's
   reason names.
3. Rows with the trait are suspects. All other rows are sent first, in full files.
4. One file of suspects tests the suspicion. If Metrica accepts it, the suspicion was wrong and
   the suspects are delivered. If Metrica refuses it, a few suspects are sent alone. If Metrica
   refuses all of these, the other suspects are held; if not, the search continues among the
   suspects.
5. For bad rows without a common trait the largest chunk is sent first: if Metrica accepts it, one
   request delivers most rows.

The next run sends suspects and held rows of unsolved files last, in files of their own.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count

from metrica_export.checks.sendable import rows, staged_cells
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.delivery.chunks import Chunk, halves
from metrica_export.delivery.piles import FIRST_PILE, cut_pile, forget_search, move_rows
from metrica_export.delivery.traits import FEW, Trait, find_trait
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.staging import CANDIDATES, EVIDENCE, PILES

_SUSPICIONS = 5
"""Maximum number of suspicions in one wave; each may cost a refused file."""

_EVIDENCE_ROWS = 1_000
"""Maximum number of rows of one accepted file that serve as evidence."""


class Search:
    """The search in one wave of a mart. It owns the waiting chunks.

    `spend` takes requests from the budget and returns whether enough were left. The methods
    return the chunks to hold. These must get their verdicts before the next call, which cuts new
    chunks.
    """

    def __init__(
        self,
        wh: Attached,
        staged: StagedMart,
        wave: int,
        chunks: Iterable[Chunk],
        spend: Callable[[int], bool],
    ) -> None:
        """Start without a refused file."""
        self.waiting = deque(chunks)
        self.wh, self.staged, self.wave, self._spend = wh, staged, wave, spend
        self._passed_before: list[Chunk] = []
        self._passed = self._bad = 0
        self._reasons: set[str] = set()
        self._piles = count(FIRST_PILE)
        self._alone: set[int] = set()
        self._tested: str | None = None
        self._passed_until_test = 0
        self._look_at, self._suspicions = FEW, _SUSPICIONS
        self._largest_first = self._sampled = self._is_active = False

    def passed(self, chunk: Chunk) -> None:
        """Record a chunk that Metrica accepted."""
        self._alone.discard(chunk.first)
        if self._is_active:
            self._remember(chunk, is_bad=False)
        else:
            self._passed_before.append(chunk)

    def refused_alone(self, chunk: Chunk, reason: str) -> None:
        """Record a row that Metrica refused alone."""
        self._activate()
        self._alone.discard(chunk.first)
        self._reasons.update(re.findall(r"\w+", reason))
        self._remember(chunk, is_bad=True)

    def unknown(self, chunk: Chunk) -> None:
        """Record a chunk whose outcome is unknown."""
        self._alone.discard(chunk.first)

    def refused(self, chunk: Chunk) -> list[Chunk]:
        """Divide a refused chunk of several rows."""
        self._activate()
        if chunk.suspected is not None:
            return self._test(chunk)
        nothing_passes = self._sampled and not self._passed and self._bad >= FEW
        if nothing_passes or not self._spend(2):
            return [chunk]
        both = halves(self.wh, self.staged, self.wave, chunk)
        self.waiting.extendleft(replace(half, tried=True) for half in reversed(both))
        return []

    def advance(self) -> list[Chunk]:
        """Choose the next chunks after an answer."""
        if not self._is_active or self._alone:
            return []
        if self._tested is not None:
            column, self._tested = self._tested, None
            suspects = [chunk for chunk in self.waiting if chunk.suspected == column]
            others = [chunk for chunk in self.waiting if chunk.suspected != column]
            if self._passed == self._passed_until_test:
                self.waiting = deque(others)
                return suspects
            self.waiting = deque([*others, *(replace(chunk, suspected=None) for chunk in suspects)])
            self._look_at = 0
        if self._bad >= max(self._look_at, FEW):
            self._look_at = self._bad * 3 // 2
            return self._look()
        if self._largest_first:
            self._sort()
        return []

    def _look(self) -> list[Chunk]:
        """Look for a trait of the bad rows, and divide the waiting chunks by it."""
        waiting = [*self.waiting]
        tried = [chunk for chunk in waiting if chunk.tried and chunk.suspected is None]
        if self._passed < FEW and not self._sampled and tried and self._spend(FEW + 1):
            self._sampled = True
            others = [chunk for chunk in waiting if chunk not in tried]
            alone, rest = self._draw(tried, FEW + 1, None)
            self._look_at = 0
            rest = [replace(chunk, tried=True) for chunk in rest]
            self.waiting = deque([*alone, *rest, *others])
            return []
        if self._sampled and not self._passed:
            self.waiting = deque(chunk for chunk in waiting if chunk not in tried)
            return tried
        plain = [chunk for chunk in waiting if chunk.suspected is None]
        if plain and self._suspicions and self._spend(1):
            self._gather(plain)
            trait = find_trait(self.wh, self.staged, self.wave, self._reasons)
            if trait is not None:
                self._suspicions -= 1
                self._largest_first = False
                others, suspects = self._set_aside(trait)
                earlier = [chunk for chunk in waiting if chunk not in plain]
                self.waiting = deque([*others, *earlier, *suspects])
                return []
        self._largest_first = True
        self._sort()
        return []

    def _sort(self) -> None:
        self.waiting = deque(
            sorted(
                self.waiting,
                key=lambda chunk: (chunk.suspected is not None, chunk.tried, -chunk.rows),
            )
        )

    def _test(self, chunk: Chunk) -> list[Chunk]:
        """Send a few suspects alone after their file was refused; without a budget hold all."""
        suspects = [chunk, *(each for each in self.waiting if each.suspected == chunk.suspected)]
        others = [each for each in self.waiting if each not in suspects]
        if not self._spend(FEW):
            self.waiting = deque(others)
            return suspects
        self._tested, self._passed_until_test = chunk.suspected, self._passed
        alone, rest = self._draw(suspects, FEW, chunk.suspected)
        self.waiting = deque([*alone, *others, *rest])
        return []

    def _draw(
        self, chunks: list[Chunk], wanted: int, suspected: str | None
    ) -> tuple[list[Chunk], list[Chunk]]:
        """Return chunks of single rows, drawn evenly from chunks, and chunks of the other rows."""
        self._gather(chunks)
        total = sum(chunk.rows for chunk in chunks)
        places = sorted({(2 * i + 1) * total // (2 * wanted) for i in range(wanted)})
        alone, rest = next(self._piles), next(self._piles)
        place = "row_number() over (order by _row) - 1"
        self._move(
            f"select _row, if(list_contains({places}, {place}), {alone}, {rest}) as _pile "
            f"from {CANDIDATES.name}"
        )
        drawn = [
            Chunk(first=row, last=row, rows=1, filled=group or None, pile=alone, tried=True)
            for row, group in self.wh.rows(
                f"select _row, _group from ({rows(self.staged, self.wave)}) where _row in "
                f"(select _row from {self.staged.of(PILES)} where _pile = {alone}) order by _row"
            )
        ]
        self._alone = {chunk.first for chunk in drawn}
        return drawn, self._cut(rest, suspected)

    def _set_aside(self, trait: Trait) -> tuple[list[Chunk], list[Chunk]]:
        """Return the chunks of candidates without a trait, and of candidates with it."""
        others, suspects = next(self._piles), next(self._piles)
        cells = staged_cells(self.staged, self.wave, f"select _row from {CANDIDATES.name}")
        self._move(
            f"select _row, if(list_has_any({trait.keys}, ?), {suspects}, {others}) as _pile "
            f"from ({cells})",
            trait.values,
        )
        return self._cut(others, None), self._cut(suspects, trait.column)

    def _gather(self, chunks: list[Chunk]) -> None:
        """Fill `candidates` with the rows of chunks."""
        self.wh.run(CANDIDATES.create_empty(self.staged.name))
        for chunk in chunks:
            found = rows(self.staged, self.wave, chunk)
            self.wh.run(f"insert into {CANDIDATES.name} select _row from ({found})")

    def _cut(self, pile: int, suspected: str | None) -> list[Chunk]:
        return cut_pile(self.wh, self.staged, self.wave, pile, suspected)

    def _move(self, changes: str, values: list[str] | None = None) -> None:
        move_rows(self.wh, self.staged, changes, values)

    def _activate(self) -> None:
        if self._is_active:
            return
        self._is_active = True
        forget_search(self.wh, self.staged)
        self.wh.run(EVIDENCE.create_empty(self.staged.name))
        for chunk in self._passed_before:
            self._remember(chunk, is_bad=False)

    def _remember(self, chunk: Chunk, *, is_bad: bool) -> None:
        found = rows(self.staged, self.wave, chunk)
        self.wh.run(
            f"insert into {self.staged.of(EVIDENCE)} select _row, {is_bad} from ({found}) "
            f"order by hash(_row) limit {_EVIDENCE_ROWS}"
        )
        if is_bad:
            self._bad += 1
        else:
            self._passed += chunk.rows
