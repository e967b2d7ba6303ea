"""The types of option values that click does not have."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    # Generic from click 8.3 on only.
    _ParamType = click.ParamType

SETTINGS_FILE = "metrica_export.settings_file"
"""The key of the settings file in a context's `meta`."""

_MAX_COUNTER = 2**63 - 1

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}

_SIZE = re.compile(r"(\d+)(?:\.(\d+))?\s*([A-Za-z]+)", re.ASCII)


class SizeType(_ParamType):
    """A number of units of `unit` bytes each, such as 500, or a size such as 64MB."""

    name = "size"

    def __init__(self, unit: int) -> None:
        """Take the bytes of a number without a unit."""
        self._unit = unit

    def convert(
        self,
        value: Any,  # noqa: ANN401 - of click
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Return the number of units, rounded down."""
        text = str(value).strip()
        if re.fullmatch(r"[+-]?\d+", text, re.ASCII):
            return int(text)
        found = _SIZE.fullmatch(text)
        if found is None or (factor := _UNITS.get(found[3].upper())) is None:
            units = ", ".join(_UNITS).replace("I", "i")
            self.fail(
                f"{value!r} is not a size. Give a number, or one with a unit ({units}): 64MB.",
                param,
                ctx,
            )
        decimals = found[2] or ""
        # Whole numbers: a float would round a large size.
        bytes_: int = int(found[1] + decimals) * factor // 10 ** len(decimals)
        return bytes_ // self._unit


class WordsType(_ParamType):
    """Words with commas between them, as text. The settings file may have a list."""

    name = "words"


class PairsType(_ParamType):
    """A pair `MART=TEXT`, as text. The settings file has a mapping.

    `separator` is between the pairs in an environment variable, otherwise white space.
    """

    name = "pairs"

    def __init__(self, *, separator: str | None = None) -> None:
        """Take the separator of pairs in an environment variable."""
        self._separator = separator

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the pairs in an environment variable."""
        return [pair for pair in rv.split(self._separator) if pair.strip()]


def pairs_over(pairs: Sequence[str], below: Sequence[str]) -> tuple[str, ...]:
    """Return the pairs, and those of `below` for other marts."""
    marts = {text.partition("=")[0].strip() for text in pairs}
    return (*pairs, *(text for text in below if text.partition("=")[0].strip() not in marts))


class CounterType(_ParamType):
    """A counter's number, or its name in the settings file."""

    name = "counter"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - of click
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Return the number of the counter."""
        text = str(value)
        file = ctx.meta.get(SETTINGS_FILE) if ctx else None
        if file is not None and file.counters:
            found = file.counter(text)
            return int(found.id) if found else self.fail(file.unlisted(text), param, ctx)
        number = int(text) if re.fullmatch(r"\d{1,19}", text, re.ASCII) else 0
        if not 1 <= number <= _MAX_COUNTER:
            self.fail(f"{text!r} is not the number of a counter.", param, ctx)
        return number

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Return the advice that follows the name of the missing option."""
        return "Set `counter` in metrica.yml, or name the counter's number in the command."
