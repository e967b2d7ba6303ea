"""Access to Metrica: the address, the counter, and the token."""

import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from metrica_export.errors import SettingsError

DEFAULT_API_URL = "https://api-metrika.yandex.net"
"""Metrica's address (page "Resources and method calls")."""

TOKEN_VARIABLE = "METRICA_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Api:
    """Metrica's address, the counter, and the token, which messages and repr never show."""

    url: str
    counter_id: int
    token: str = field(repr=False)

    @property
    def is_local(self) -> bool:
        """Whether the address is on this machine, and so an emulator."""
        return is_loopback(self.url)


def read_api(url: str, counter_id: int) -> Api:
    """Return the API settings with the token from the environment.

    Raises SettingsError for a missing or malformed token, and for an address that would get the
    token in clear text.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise SettingsError(
            f"No token. Set the environment variable {TOKEN_VARIABLE} "
            "(no option takes it, so that it stays out of process lists)."
        )
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise SettingsError(
            f"{TOKEN_VARIABLE} has a space or a character that no token has. Set the bare token."
        )
    if not _is_address(url):
        # The message does not repeat the text, since it may have a secret.
        raise SettingsError("--api-url is not an address. Set it to https://host[:port].")
    if urlsplit(url).scheme == "http" and not is_loopback(url):
        raise SettingsError(
            f"--api-url {url!r} would send the token in clear text. Use https. "
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
