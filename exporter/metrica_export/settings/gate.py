"""The limits that stop a run before its first upload, and the rule that fails a finished one."""

import re
from dataclasses import dataclass
from typing import Literal, cast

from metrica_export.errors import SettingsError

SHARE_FROM = 10
"""Rows from which the gate compares a share with its limit."""

GATE = ("paid", "erased", "shrink", "unsendable", "filter", "drift")
"""The limits that stop a run before its first upload, unless they are accepted."""


BECOME_PERCENT = 5
"""Percent of a mart's delivered rows that may become unsendable in one run."""

WIDEN_PERCENT = 10
"""Percent of a mart's rows that a changed filter may add, from `SHARE_FROM` rows."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Thresholds for irreversible changes. Above them a run needs `--accept`.

    A percentage applies from `SHARE_FROM` rows. `accepted` names the limits of `GATE` that one
    run may exceed.
    """

    paid_percent: int = 20
    erased_values: int = 1_000
    shrink_percent: int = 10
    accepted: frozenset[str] = frozenset()
    unsendable_percent: int = 20

    def __post_init__(self) -> None:
        for option, value in (
            ("--max-paid-percent", self.paid_percent),
            ("--max-shrink-percent", self.shrink_percent),
            ("--max-unsendable-percent", self.unsendable_percent),
        ):
            if not 0 <= value <= _ALL:
                raise SettingsError(f"{option} is {value}; give 0 to 100.")
        if self.erased_values < 0:
            raise SettingsError(f"--max-erased is {self.erased_values}; give 0 or more.")
        if unknown := sorted(self.accepted - set(GATE)):
            raise SettingsError(
                f"--accept {','.join(unknown)}: there is no such limit. Choose from "
                f"{', '.join(GATE)}."
            )


_ALL = 100


@dataclass(frozen=True, slots=True)
class FailOn:
    """The rejected and held rows that end a finished run with exit code 1.

    The rules are `never`, `any`, `new` (rows that were neither rejected nor held after the last
    complete run) and `percent` (more than this share of the marts' rows).
    """

    rule: Literal["never", "new", "any", "percent"] = "never"
    percent: float = 0

    @classmethod
    def parse(cls, text: str) -> "FailOn":
        """Read never, new, any, or a percentage such as 5 or 0.5%; SettingsError for others."""
        word = text.strip().lower()
        if word in ("never", "new", "any"):
            return cls(cast("Literal['never', 'new', 'any']", word))
        if re.fullmatch(r"\d{1,3}(\.\d+)?%?", word, re.ASCII):
            percent = float(word.removesuffix("%"))
            if percent <= _ALL:
                return cls("percent", percent)
        raise SettingsError(
            f"--fail-on {text!r}: give never, new, any, or a percentage from 0 to 100."
        )

    def applies(self, unsent: int, new: int, rows: int) -> bool:
        """Return whether the rule applies to counts of unsendable rows, new ones, and all rows."""
        return {
            "never": False,
            "any": unsent > 0,
            "new": new > 0,
            "percent": unsent * _ALL > self.percent * rows,
        }[self.rule]
