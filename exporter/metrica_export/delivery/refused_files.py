"""The verdicts of rows in refused files, and in files with an unknown outcome."""

import re
from dataclasses import dataclass

from metrica_export.checks.reasons import HELD, REASONS, REJECTED
from metrica_export.checks.sendable import cells, rows
from metrica_export.checks.verdicts import Verdict, add_problems
from metrica_export.console import Reporter
from metrica_export.delivery.chunks import Chunk
from metrica_export.delivery.search import Search
from metrica_export.delta.vanished import ERASED
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.redaction import redact
from metrica_export.plurals import counted
from metrica_export.warehouse.sql import name, quote
from metrica_export.warehouse.sql_files import render

_LONGEST_REASON = 2_000
"""Maximum number of characters to read of Metrica's reason for a refused file."""


@dataclass(slots=True)
class Sent:
    """The counts of one mart's delivery so far: PASSED rows, uploads, and their bytes.

    `rejected` and `held` count the rows of refused files and of files with an unknown outcome.
    `erased` counts emptied vanished rows, which are not mart rows. With `complete`, every
    sendable row was delivered.
    """

    rows: int = 0
    erased: int = 0
    uploads: int = 0
    bytes: int = 0
    rejected: int = 0
    held: int = 0
    complete: bool = True


class RefusedFiles:
    """Turns the answers in one wave of a mart into verdicts, and counts them in `sent`."""

    def __init__(self, search: Search, report: Reporter, sent: Sent) -> None:
        """Take the search for bad rows, which gets every answer."""
        self._wh, self._staged, self._wave = search.wh, search.staged, search.wave
        self._search, self._report, self._sent = search, report, sent
        self._detail = ""

    def settle(self, chunk: Chunk, answer: Answer) -> int:
        """Take Metrica's answer for a chunk; return the number of rows that got a verdict.

        Rows get their verdicts before the next step of the search, which cuts new chunks from
        the remaining rows.
        """
        search, settled = self._search, 0
        if answer.status == "PASSED":
            search.passed(chunk)
        elif answer.status == "unknown":
            search.unknown(chunk)
            settled += self._set_aside(chunk, HELD, "outcome_unknown")
        elif chunk.rows == 1:
            search.refused_alone(chunk, answer.errors)
            self._detail = self._redacted(chunk, answer.errors)
            settled += self._set_aside(chunk, REJECTED, "refused_by_metrica")
        else:
            held = search.refused(chunk)
            if held:
                # Before the rows get verdicts: afterwards their cells are not read any more.
                self._detail = self._redacted(chunk, answer.errors)
            for each in held:
                settled += self._set_aside(each, HELD, "refused_with_others")
        for each in search.advance():
            settled += self._set_aside(each, HELD, "refused_with_others")
        return settled

    def _set_aside(self, chunk: Chunk, state: str, reason: str) -> int:
        """Give the rows of a chunk a verdict; return their number."""
        self._report.line(
            f"{self._staged.name}: {counted(chunk.rows, 'row')} {state}: {REASONS[reason]}",
            mart=self._staged.name,
            reason=reason,
        )
        found = rows(self._staged, self._wave, chunk)
        # A vanished row is not a mart row, and only mart rows are counted.
        (mart_rows,) = self._wh.row(
            f"select count(*) from ({found}) where _hash is distinct from {quote(ERASED)}"
        )
        is_refused = reason != "outcome_unknown"
        column, detail = (chunk.suspected, self._detail or None) if is_refused else (None, None)
        add_problems(self._wh, self._staged, found, Verdict(state, reason, column, detail))
        self._sent.complete = False
        if state == REJECTED:
            self._sent.rejected += mart_rows
        else:
            self._sent.held += mart_rows
        return chunk.rows

    def _redacted(self, chunk: Chunk, reason: str) -> str:
        """Return Metrica's reason for refusing a chunk without the words of the chunk's cells."""
        columns = self._staged.mart.columns
        # Metrica may answer with a text for each row, and the verdict keeps a few words.
        reason = reason[:_LONGEST_REASON]
        # A chunk has many words, so only words that the reason may repeat are read.
        reason_words = sorted(set(re.findall(r"[a-z]+", reason.lower()))) or [""]
        query = render(
            __package__,
            "cell_words",
            reason_words=f"[{', '.join(map(quote, reason_words))}]",
            columns=", ".join(name(column.name) for column in columns),
            cells=cells(self._staged, columns, self._wave, chunk),
        )
        return redact(reason, [word for (word,) in self._wh.rows(query)])
