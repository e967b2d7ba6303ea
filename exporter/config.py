"""Settings: what one command runs with, as frozen objects."""

import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from exporter.errors import SettingsError
from exporter.marts import ENTITIES, MAX_FILE_BYTES

DEFAULT_API_URL = "https://api-metrika.yandex.net"
"""Metrica's own address (method-call)."""

DAILY_QUOTA = 5_000
"""Requests a day that Metrica takes for a counter, and for a user (quotas)."""

MIN_FILE_BYTES = 1_000
"""Below it not even a header and a row would fit."""

TOKEN_VARIABLE = "METRICA_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class DbtSettings:
    """Where dbt's project and profile are, in dbt's own words.

    None means what it means to dbt: its environment variable, then its default.
    """

    project_dir: Path
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much goes into one file, and how hard a refused file is tried.

    `chunk_rows` and `chunk_bytes` bound every uploaded file. `split_requests` bounds
    the uploads that a run may spend on finding the guilty rows of refused files; it is
    cut to half of what is left of `daily_requests`, which all runs of a day share.
    """

    chunk_rows: int = 50_000
    chunk_bytes: int = 16_000_000
    split_requests: int = 100
    daily_requests: int = 4_000

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
        if not 1 <= self.daily_requests <= DAILY_QUOTA:
            raise SettingsError(
                f"--daily-requests is {self.daily_requests}; give 1 to {DAILY_QUOTA} "
                "(Metrica's own limit for a counter)."
            )


@dataclass(frozen=True, slots=True)
class Api:
    """Metrica's address, the counter, and the token, which no message or repr shows."""

    url: str
    counter_id: int
    token: str = field(repr=False)

    @property
    def is_local(self) -> bool:
        """Whether the address is on this machine, so an emulator and not Metrica."""
        return is_loopback(self.url)


@dataclass(frozen=True, slots=True)
class Options:
    """What one `run` or `plan` is asked to do.

    `names` are the marts to export, in the order of work; `everything` compares whole
    marts whatever the watermarks say (`--reconcile`).
    """

    dbt: DbtSettings
    counter_id: int
    names: tuple[str, ...]
    everything: bool = False
    limits: Limits = field(default_factory=Limits)
    staging_dir: Path | None = None


def read_api(url: str, counter_id: int) -> Api:
    """Return the API settings with the token of the environment.

    Raises SettingsError for a missing or unusable token, and for an address that
    would carry the token in clear text.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise SettingsError(
            f"No token: set the environment variable {TOKEN_VARIABLE} "
            "(it is read from nowhere else, so that it stays out of process lists)."
        )
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise SettingsError(
            f"{TOKEN_VARIABLE} holds a space or a character no token has; set the bare token."
        )
    if not _is_address(url):
        # It is not repeated: what does not belong in an address may be a secret.
        raise SettingsError("--api-url is not an address; give https://host[:port].")
    if urlsplit(url).scheme == "http" and not is_loopback(url):
        raise SettingsError(
            f"--api-url {url!r} would send the token in clear text; use https. "
            "Plain http is for the emulator on this machine only."
        )
    return Api(url.rstrip("/"), counter_id, token)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        url.isprintable()
        and " " not in url
        and parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and port != 0
        and not (parts.username or parts.password or parts.query or parts.fragment)
    )


def is_loopback(url: str) -> bool:
    """Return whether the address names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_only(names: str | None) -> tuple[str, ...]:
    """Return the entities of `--only a,b` in the order of work; all of them for None.

    Raises SettingsError for a name that is no mart.
    """
    known = tuple(entity.name for entity in ENTITIES)
    if names is None:
        return known
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = sorted(wanted - set(known))
    if unknown or not wanted:
        raise SettingsError(
            f"--only {names!r}: "
            + (f"no mart is called {', '.join(unknown)}; " if unknown else "it names no mart; ")
            + f"choose from {','.join(known)}."
        )
    return tuple(name for name in known if name in wanted)
