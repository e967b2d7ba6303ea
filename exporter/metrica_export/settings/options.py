"""The settings of one command, as frozen objects."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from metrica_export.errors import SettingsError
from metrica_export.metrica.formats import ENTITIES, FILES, MAX_FILE_BYTES, MERGE_MODES, MODES
from metrica_export.settings.gate import FailOn, Gate

DAILY_QUOTA = 5_000
"""Requests a day that Metrica accepts for a counter, and for a user (page "Quotas")."""

MIN_MEMORY_MB = 100
"""Smaller values were not tested."""

MEMORY_MB = 220
"""With it a first export of 2,000,000 orders stays below 450 MB.

At 512 it takes 700 MB, and 5 % less processor time.
"""

MIN_FILE_BYTES = 1_000
"""A smaller file has no room for a header and a row."""


@dataclass(frozen=True, slots=True)
class DbtSettings:
    """The folders and names of dbt's project and profile, and the filters of its marts.

    None stands for dbt's own fallback: its environment variable, then its default. A command
    that opens the warehouse stages rows in `staging_dir`; None is the system's folder. `filters`
    has SQL conditions by mart. To a command the other rows of such a mart do not exist. `ledger`
    is the target of the ledger's database; None is the marts' own.
    """

    project_dir: Path
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None
    staging_dir: Path | None = None
    filters: tuple[tuple[str, str], ...] = ()
    ledger: str | None = None

    def __post_init__(self) -> None:
        names = [entity.name for entity in ENTITIES]
        marts = [mart for mart, _ in self.filters]
        for mart, condition in self.filters:
            if mart not in names or not condition.strip():
                raise SettingsError(
                    f"--filter {mart}={condition}: give a mart and an SQL condition, for example "
                    f"orders=\"site = 'shop.ru'\". The marts are {', '.join(names)}."
                )
            if marts.count(mart) > 1:
                raise SettingsError(
                    f"--filter {mart} is given twice. Join the conditions by `and`."
                )


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of files, requests and steps.

    `chunk_rows` and `chunk_bytes` limit every uploaded file. `split_requests` limits the uploads
    of a run that search for the bad rows of refused files. This search never uses more than half
    of the remaining `daily_requests`, which all runs of a day share. `max_steps` limits the
    steps of one order in one run.
    """

    chunk_rows: int = 100_000
    chunk_bytes: int = 16_000_000
    split_requests: int = 100
    daily_requests: int = 4_000
    max_steps: int = 20

    def __post_init__(self) -> None:
        if self.chunk_rows < 1:
            raise SettingsError(f"--chunk-rows is {self.chunk_rows}; give 1 or more.")
        if not MIN_FILE_BYTES <= self.chunk_bytes <= MAX_FILE_BYTES:
            raise SettingsError(
                f"--chunk-bytes is {self.chunk_bytes}; "
                f"give {MIN_FILE_BYTES} to {MAX_FILE_BYTES} (Metrica takes no larger file)."
            )
        if self.split_requests < 0:
            raise SettingsError(f"--split-requests is {self.split_requests}; give 0 or more.")
        if self.max_steps < 1:
            raise SettingsError(f"--max-steps is {self.max_steps}; give 1 or more.")
        if not 1 <= self.daily_requests <= DAILY_QUOTA:
            raise SettingsError(
                f"--daily-requests is {self.daily_requests}; give 1 to {DAILY_QUOTA} "
                "(Metrica's own limit for a counter)."
            )


@dataclass(frozen=True, slots=True)
class Staging:
    """The folder and the memory for staged rows and files.

    `folder` None is the system's folder for temporary files. DuckDB keeps `memory_mb` megabytes
    of rows in memory and the rest in the folder.
    """

    folder: Path | None = None
    memory_mb: int = MEMORY_MB

    def __post_init__(self) -> None:
        if self.memory_mb < MIN_MEMORY_MB:
            raise SettingsError(f"--memory-mb is {self.memory_mb}; give {MIN_MEMORY_MB} or more.")


@dataclass(frozen=True, slots=True)
class Form:
    """The form in which rows are sent.

    `merge_modes` names the entities with a merge mode other than SAVE. Deltas of at most
    `json_rows` rows are sent as JSON, except from marts with custom attributes, whose JSON form
    is not documented. With `hold_late`, orders that Metrica would no longer tie to a visit, or
    update, are held.

    Source: page "How to transmit customer and order data from a CRM".
    """

    mode: str = "detailed"
    merge_modes: tuple[tuple[str, str], ...] = ()
    json_rows: int = 0
    hold_late: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SettingsError(f"--mode is {self.mode!r}; give one of {', '.join(MODES)}.")
        names = [entity.name for entity in FILES]
        for entity, merge_mode in self.merge_modes:
            if entity not in names or merge_mode not in MERGE_MODES:
                raise SettingsError(
                    f"--merge-mode {entity}={merge_mode}: give one of {', '.join(names)} and one "
                    f"of {', '.join(MERGE_MODES)}, for example contacts=UPDATE."
                )
        if not 0 <= self.json_rows <= _MAX_JSON_ROWS:
            raise SettingsError(f"--json-rows is {self.json_rows}; give 0 to {_MAX_JSON_ROWS}.")

    def merge_mode(self, entity: str) -> str:
        """Return the merge mode of an entity's rows."""
        return dict(self.merge_modes).get(entity, "SAVE")


_MAX_JSON_ROWS = 10_000
"""Metrica documents no limit for JSON; this is far below the limit of a file."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one `run` or `plan`.

    `names` are the marts to export; none stands for all marts of the mode. They are put into the
    order of work. `everything` compares whole marts and
    ignores the watermarks (`--reconcile`). `erase_vanished` names the mart whose vanished rows
    are emptied in Metrica. `limit` is the number of orders to send (`--limit`).
    `language` is that of reasons and of the gate's messages.
    """

    dbt: DbtSettings
    counter_id: int
    names: tuple[str, ...] = ()
    everything: bool = False
    limits: Limits = field(default_factory=Limits)
    form: Form = field(default_factory=Form)
    gate: Gate = field(default_factory=Gate)
    staging: Staging = field(default_factory=Staging)
    saved_plan: Path | None = None
    fail_on: FailOn = field(default_factory=FailOn)
    erase_vanished: str | None = None
    limit: int | None = None
    language: Literal["en", "ru"] = "en"

    def __post_init__(self) -> None:
        marts = tuple(entity.name for entity in MODES[self.form.mode])
        if unknown := sorted(set(self.names) - set(marts)):
            raise SettingsError(
                f"No mart of the mode {self.form.mode} is called {', '.join(unknown)}. Choose from "
                f"{', '.join(marts)}."
            )
        ordered = tuple(name for name in marts if name in self.names) or marts
        object.__setattr__(self, "names", ordered)
        mart = self.erase_vanished
        if self.limit is not None and (mart or not {"orders", "simple_orders"} & {*self.names}):
            raise SettingsError(
                f"--limit {self.limit} selects orders: add orders to --only, and leave "
                "--erase-vanished out."
            )
        if mart is None:
            return
        if mart not in self.names:
            raise SettingsError(
                f"--erase-vanished {mart}: this command does not export {mart}. Add {mart} to "
                "--only, or leave --erase-vanished out."
            )
        if self.form.merge_mode(mart) != "SAVE":
            raise SettingsError(
                f"--erase-vanished {mart}: Metrica erases nothing under --merge-mode "
                f"{mart}={self.form.merge_mode(mart)}. Rerun with SAVE, or without one of the two."
            )
