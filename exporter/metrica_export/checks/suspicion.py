"""The search for the guilty rows of refused files.

Metrica refuses a file as a whole, and its reason may name no row. The search has a budget of
requests, and goes on in these steps:

1. A refused file is halved, left half first, until `FEW` guilty rows stand alone. If hardly any
   row has passed until then, a few rows from everywhere are sent alone.
2. It looks for a trait that guilty rows share and no passed row has: the value of a column, an
   element of a list, empty or filled, the form of the text. The column in Metrica's reason counts
   first.
3. Rows with the trait are suspects. All others go first, as full files.
4. One file of suspects tests the suspicion. If Metrica accepts it, the suspicion was wrong and the
   suspects are delivered. If not, a few suspects go alone: if Metrica refuses all of them, the
   others are held, and if not, the search goes on among the suspects.
5. Guilty rows without a common trait: the largest untested part goes first, since a large part
   that passes delivers most rows for a request.

Suspects and rows of unsolved files that are held go last in the next run, each kind by itself.

`piles_<mart>` says which rows (`_row`) belong to a `pile` of chunks, `evidence_<mart>` which rows
were refused alone (`_is_guilty`) or passed. Values of rows stay in these tables and in memory.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from metrica_export.checks import chunks
from metrica_export.checks.chunks import Chunk
from metrica_export.checks.sendable import Layout, rows, texts
from metrica_export.checks.traits import FEW, Trait, find_trait
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart

_SUSPICIONS = 5
"""Suspicions in one wave; each may cost a file that is refused."""

_KEPT = 1_000
"""Rows of one passed file that are kept as evidence."""

_FIRST_PILE = 1_000
"""Piles below it hold rows that an earlier run held."""


def refused_last(wh: Attached, mart: Mart, layout: Layout, chunks: list[Chunk]) -> list[Chunk]:
    """Return the chunks so that rows that the last run held with refused files go last.

    Makes `piles_<mart>`: those rows in one pile for each column that was suspected.
    """
    refused = (
        f"select s.rowid as _row, v._column from staged_{mart.name} s "
        f"join verdicts_{mart.name} v on v._id = s._id and v._hash = s._hash "
        "where v._reason = 'refused_with_others'"
    )
    wh.run(
        f"create or replace table piles_{mart.name} as select _row, _column, "
        f"dense_rank() over (order by _column nulls first) as _pile from ({refused})"
    )
    suspected = wh.rows(f"select distinct _pile, _column from piles_{mart.name} order by 1")
    wh.run(f"alter table piles_{mart.name} drop _column")
    if not suspected:
        return chunks
    last = [
        replace(part, tried=True)
        for pile, column in suspected
        for part in _cut(wh, mart, layout, pile, column)
    ]
    return [*_cut(wh, mart, layout, 0, None), *last]


def _cut(wh: Attached, mart: Mart, layout: Layout, pile: int, suspected: str | None) -> list[Chunk]:
    """Return the chunks of a pile; pile 0 are the rows that belong to none."""
    own = f"select _row from piles_{mart.name}" + (f" where _pile = {pile}" if pile else "")
    wanted = f"_row {'in' if pile else 'not in'} ({own})"
    query = f"select * from ({rows(mart, layout)}) where {wanted}"
    found, _ = chunks.cut(wh, mart, query, layout.limits, layout.now)
    tried = suspected is not None
    return [replace(part, pile=pile, tried=tried, suspected=suspected) for part in found]


class Search:
    """The search in one wave of a mart. `spend` takes requests from the budget, if it has them."""

    def __init__(
        self, wh: Attached, mart: Mart, layout: Layout, spend: Callable[[int], bool]
    ) -> None:
        """Do nothing until a file is refused."""
        self._wh, self._mart, self._layout, self._spend = wh, mart, layout, spend
        self._passed_before: list[Chunk] = []
        self._passed = self._guilty = 0
        self._reasons: set[str] = set()
        self._piles = count(_FIRST_PILE)
        self._alone: set[int] = set()
        self._tested: str | None = None
        self._passed_until_test = 0
        self._look_at, self._suspicions = FEW, _SUSPICIONS
        self._largest_first = self._sampled = self._is_active = False

    def passed(self, part: Chunk) -> None:
        """Take notice of a chunk that Metrica accepted."""
        self._alone.discard(part.first)
        if self._is_active:
            self._remember(part, is_guilty=False)
        else:
            self._passed_before.append(part)

    def refused_alone(self, part: Chunk, reason: str) -> None:
        """Take notice of a row that Metrica refused alone."""
        self._activate()
        self._alone.discard(part.first)
        self._reasons.update(re.findall(r"\w+", reason))
        self._remember(part, is_guilty=True)

    def unknown(self, part: Chunk) -> None:
        """Take notice of a chunk whose outcome is unknown."""
        self._alone.discard(part.first)

    def refused(self, part: Chunk, waiting: list[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
        """Return what to send in place of a refused chunk and `waiting`, and what to hold."""
        self._activate()
        if part.suspected is not None:
            return self._test(part, waiting)
        nothing_passes = self._sampled and not self._passed and self._guilty >= FEW
        if nothing_passes or not self._spend(2):
            return waiting, [part]
        both = chunks.halves(self._wh, rows(self._mart, self._layout, part), part)
        return [*(replace(half, tried=True) for half in both), *waiting], []

    def next(self, waiting: list[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
        """Return what to send in place of `waiting`, in which order, and what to hold."""
        if not self._is_active or self._alone:
            return waiting, []
        if self._tested is not None:
            column, self._tested = self._tested, None
            suspects = [part for part in waiting if part.suspected == column]
            others = [part for part in waiting if part.suspected != column]
            if self._passed == self._passed_until_test:
                return others, suspects
            waiting = [*others, *(replace(part, suspected=None) for part in suspects)]
            self._look_at = 0
        if self._guilty >= max(self._look_at, FEW):
            self._look_at = self._guilty * 3 // 2
            return self._look(waiting)
        return (sorted(waiting, key=_largest_first) if self._largest_first else waiting), []

    def _look(self, waiting: list[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
        tried = [part for part in waiting if part.tried and part.suspected is None]
        if self._passed < FEW and not self._sampled and tried and self._spend(FEW + 1):
            self._sampled = True
            others = [part for part in waiting if part not in tried]
            alone, rest = self._draw(tried, FEW + 1, None)
            self._look_at = 0
            return [*alone, *(replace(part, tried=True) for part in rest), *others], []
        if self._sampled and not self._passed:
            return [part for part in waiting if part not in tried], tried
        plain = [part for part in waiting if part.suspected is None]
        if plain and self._suspicions and self._spend(1):
            self._gather(plain)
            trait = find_trait(self._wh, self._mart, self._layout, self._reasons)
            if trait is not None:
                self._suspicions -= 1
                self._largest_first = False
                others, suspects = self._set_aside(trait)
                return [*others, *(part for part in waiting if part not in plain), *suspects], []
        self._largest_first = True
        return sorted(waiting, key=_largest_first), []

    def _test(self, part: Chunk, waiting: list[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
        """Send a few suspects alone after a file of them was refused; hold all without a budget."""
        suspects = [part, *(each for each in waiting if each.suspected == part.suspected)]
        others = [each for each in waiting if each not in suspects]
        if not self._spend(FEW):
            return others, suspects
        self._tested, self._passed_until_test = part.suspected, self._passed
        alone, rest = self._draw(suspects, FEW, part.suspected)
        return [*alone, *others, *rest], []

    def _draw(
        self, parts: list[Chunk], wanted: int, suspected: str | None
    ) -> tuple[list[Chunk], list[Chunk]]:
        """Return some evenly spread rows of chunks, each alone, and the chunks of the rest."""
        self._gather(parts)
        total = sum(part.rows for part in parts)
        places = sorted({(2 * i + 1) * total // (2 * wanted) for i in range(wanted)})
        alone, rest = next(self._piles), next(self._piles)
        self._assign(
            f"select _row, if(list_contains({places}, row_number() over (order by _row) - 1), "
            f"{alone}, {rest}) as _pile from gathered"
        )
        drawn = [
            Chunk(row, row, 1, group or None, pile=alone, tried=True)
            for row, group in self._wh.rows(
                f"select _row, _group from ({rows(self._mart, self._layout)}) where _row in "
                f"(select _row from piles_{self._mart.name} where _pile = {alone}) order by _row"
            )
        ]
        self._alone = {part.first for part in drawn}
        return drawn, _cut(self._wh, self._mart, self._layout, rest, suspected)

    def _set_aside(self, trait: Trait) -> tuple[list[Chunk], list[Chunk]]:
        """Return the chunks of the gathered rows without a trait, and of those with it."""
        others, suspects = next(self._piles), next(self._piles)
        self._assign(
            f"select _row, if(list_has_any({trait.keys}, ?), {suspects}, {others}) as _pile "
            f"from ({texts(self._mart, self._layout, 'select _row from gathered')})",
            trait.values,
        )
        return _cut(self._wh, self._mart, self._layout, others, None), _cut(
            self._wh, self._mart, self._layout, suspects, trait.column
        )

    def _gather(self, parts: list[Chunk]) -> None:
        """Make `gathered`: the rows (`_row`) of chunks."""
        self._wh.run("create or replace table gathered (_row bigint)")
        for part in parts:
            here = rows(self._mart, self._layout, part)
            self._wh.run(f"insert into gathered select _row from ({here})")

    def _assign(self, piles: str, values: list[str] | None = None) -> None:
        table = f"piles_{self._mart.name}"
        self._wh.run(f"create or replace table assigned as {piles}", values and [values])
        self._wh.run(f"delete from {table} where _row in (select _row from assigned)")
        self._wh.run(f"insert into {table} select _row, _pile from assigned")

    def _activate(self) -> None:
        if self._is_active:
            return
        self._is_active = True
        self._wh.run(f"delete from piles_{self._mart.name} where _pile >= {_FIRST_PILE}")
        self._wh.run(
            f"create or replace table evidence_{self._mart.name} (_row bigint, _is_guilty boolean)"
        )
        for part in self._passed_before:
            self._remember(part, is_guilty=False)

    def _remember(self, part: Chunk, *, is_guilty: bool) -> None:
        here = rows(self._mart, self._layout, part)
        self._wh.run(
            f"insert into evidence_{self._mart.name} select _row, {is_guilty} from ({here}) "
            f"order by hash(_row) limit {_KEPT}"
        )
        if is_guilty:
            self._guilty += 1
        else:
            self._passed += part.rows


def _largest_first(part: Chunk) -> tuple[bool, bool, int]:
    return part.suspected is not None, part.tried, -part.rows
