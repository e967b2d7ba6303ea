"""The settings file `metrica.yml`: defaults of the options, in a file that git keeps.

A flag or an environment variable wins over the file. A key is the name of a flag with `_`. The
mapping `counters` has the counters of several sites, each with its number and with settings of its
own.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from metrica_export.cli import options, run_options
from metrica_export.cli.secrets import NO_SECRETS, has_token, is_secret
from metrica_export.cli.value_types import SETTINGS_FILE, PairsType, WordsType, pairs_over
from metrica_export.errors import SettingsError
from metrica_export.metrica.formats import ENTITIES


@click.command()
@options.counter
@options.api_url
@options.warehouse
@options.form
@run_options.gate
@run_options.fail_on
@options.limits
@run_options.scope
@run_options.monitoring
@options.lang
@options.online
def _every() -> None:
    """Declare the options of all commands."""


def key_of(option: click.Parameter) -> str:
    """Return the key of an option in the file."""
    return option.opts[0].removeprefix("--").replace("-", "_")


SETTINGS = {
    key_of(option): option
    for option in _every.params
    if option.envvar not in (None, options.CONFIG)
}
"""The options that can stand in the file, by key: those with an environment variable."""

COUNTERS, ID = "counters", "id"

COUNTER = "counter"
"""The key of the counter's number or name."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter in the file: its name, its number, and the settings that only it has."""

    name: str
    id: int
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The checked contents of a settings file; empty if there is none."""

    path: Path = Path(options.FILE)
    settings: dict[str, Any] = field(default_factory=dict)
    counters: tuple[Counter, ...] = ()

    def counter(self, text: str) -> Counter | None:
        """Return the counter with this name or number."""
        return next((each for each in self.counters if text in (each.name, str(each.id))), None)

    def unlisted(self, text: str) -> str:
        """Return the message for a counter that the file does not have."""
        names = ", ".join(each.name for each in self.counters)
        near = _nearest(text, [each.name for each in self.counters])
        return (
            f"{self.path} has no counter {text!r}.{near} It has {names}. Name one of them, or add "
            f"it to {COUNTERS}."
        )

    def defaults(self, given: str | None) -> dict[str, Any]:
        """Return the default of each option, by the option's name, for the given counter.

        Without one, the counter is that of the file, or the only one in it.
        """
        wanted = given or self.settings.get(COUNTER)
        if wanted is None and len(self.counters) == 1:
            wanted = self.counters[0].name
        found = self.settings
        if wanted is not None:
            listed = self.counter(str(wanted))
            own = listed.settings if listed else {}
            pairs = {
                key: pairs_over(own[key], found[key])
                for key in own.keys() & found.keys()
                if isinstance(SETTINGS[key].type, PairsType)
            }
            found = found | {COUNTER: str(wanted)} | own | pairs
        elif self.counters:
            names = ", ".join(each.name for each in self.counters)
            raise SettingsError(f"{self.path} has the counters {names}. Name one with --counter.")
        return {str(SETTINGS[key].name): value for key, value in found.items()}


class ConfiguredCommand(click.Command):
    """A command whose options have their defaults in the settings file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the settings file, then the arguments."""
        given, *_ = self.make_parser(ctx).parse_args([*args])
        if not given.get("help"):
            flags = {str(option.name): option for option in self.params}
            path = given.get("config") or flags["config"].resolve_envvar_value(ctx)
            counter = given.get("counter_id") or flags["counter_id"].resolve_envvar_value(ctx)
            file = ctx.meta[SETTINGS_FILE] = read(path)
            ctx.default_map = {**(ctx.default_map or {}), **file.defaults(counter)}
        rest = super().parse_args(ctx, args)
        for option in self.params:
            if isinstance(option.type, PairsType) and not ctx.resilient_parsing:
                below = (ctx.default_map or {}).get(option.name, [])
                ctx.params[option.name] = pairs_over(ctx.params[option.name], below)
        return rest


def read(given: str | None) -> SettingsFile:
    """Return the contents of the given file, or of metrica.yml in the current folder, if any.

    Raises SettingsError with the file, the line and the key.
    """
    path = Path(given or options.FILE)
    # A broken link or a folder there is an error: without its filters every row would go.
    if given is None and not os.path.lexists(path):
        return SettingsFile()
    from metrica_export.warehouse.yaml_file import load_with_lines

    loaded, lines = load_with_lines(path, "Set --config to a file of settings")
    return _Reader(path, lines).file(loaded)


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    lines: dict[tuple[str, ...], int]

    def file(self, loaded: dict[Any, Any]) -> SettingsFile:
        self._refuse_tokens()
        settings = dict(self._settings(loaded, (), [*SETTINGS, COUNTERS]))
        counters = tuple(self._counters(loaded.get(COUNTERS, {})))
        return SettingsFile(self.path, settings, counters)

    def _refuse_tokens(self) -> None:
        for keys, line in self.lines.items():
            if has_token(keys[-1]):
                # The message does not repeat the token.
                raise SettingsError(f"{self.path}, line {line}: {NO_SECRETS}")

    def _counters(self, loaded: object) -> Iterator[Counter]:
        if not isinstance(loaded, dict):
            raise self._error((COUNTERS,), "give a mapping: a name, and its `id`.")
        seen: dict[int, str] = {}
        own = [key for key in SETTINGS if key != COUNTER]
        for name, values in loaded.items():
            keys = (COUNTERS, str(name))
            if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
                raise self._error(
                    keys, "a name is letters, digits, _ . -, and begins with a letter."
                )
            if not isinstance(values, dict) or ID not in values:
                raise self._error(keys, f"give the counter's number as `{ID}`.")
            number = values[ID]
            if type(number) is not int or not 1 <= number < 2**63:
                raise self._error((*keys, ID), "give the counter's number.")
            if number in seen:
                raise self._error(
                    (*keys, ID),
                    f"{seen[number]} has this number, too. A counter's rows in the ledger belong "
                    "to one name; remove the other.",
                )
            seen[number] = name
            yield Counter(name, number, dict(self._settings(values, keys, [*own, ID])))

    def _settings(
        self, loaded: dict[Any, Any], above: tuple[str, ...], known: list[str]
    ) -> Iterator[tuple[str, Any]]:
        for key, value in loaded.items():
            keys = (*above, str(key))
            if key not in known:
                if is_secret(str(key)):
                    raise self._error(keys, NO_SECRETS)
                raise self._error(keys, f"there is no such setting.{_nearest(str(key), known)}")
            if has_token(value):
                raise self._error(keys, NO_SECRETS)
            if key in SETTINGS:
                yield key, self._value(SETTINGS[key], keys, value)

    def _value(
        self, option: click.Parameter, keys: tuple[str, ...], value: object
    ) -> str | list[str]:
        """Return a value as click's own text of the option; SettingsError if it is not valid."""
        if isinstance(option.type, PairsType):
            if not isinstance(value, dict):
                raise self._error(keys, "give a mapping, one key for each mart.")
            marts = [entity.name for entity in ENTITIES]
            for mart in value:
                if mart not in marts:
                    near = _nearest(str(mart), marts)
                    raise self._error((*keys, str(mart)), f"no mart has this name.{near}")
            return [f"{mart}={self._text((*keys, mart), text)}" for mart, text in value.items()]
        if isinstance(option.type, WordsType) and isinstance(value, list):
            return ",".join(self._text(keys, each) for each in value)
        text = self._text(keys, value)
        if key_of(option) == COUNTER:
            return text
        if isinstance(option.type, click.Path):
            text = str(self.path.parent / text)
        try:
            option.type.convert(text, option, None)
        except click.UsageError as error:
            raise self._error(keys, error.message) from None
        return text

    def _text(self, keys: tuple[str, ...], value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._error(keys, "give a text or a number.")
        return str(value)

    def _error(self, keys: tuple[str, ...], text: str) -> SettingsError:
        line = self.lines.get(keys)
        where = f"{self.path}, line {line}" if line else str(self.path)
        return SettingsError(f"{where}: {'.'.join(keys)}: {text}")


def _nearest(word: str, known: list[str]) -> str:
    near = get_close_matches(word.replace("-", "_").lower(), known, n=1)
    return f" Did you mean {near[0]}?" if near else ""
