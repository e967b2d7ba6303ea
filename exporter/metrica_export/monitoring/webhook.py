"""A webhook: one message about the events of a run, in the shape of a chat or as JSON.

The address and the secrets come from the environment only, and no message shows them. A webhook
that is dead, slow or hostile costs a run a few seconds at most, and never its exit code.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import requests

from metrica_export.commands.result import RunResult
from metrica_export.errors import SettingsError
from metrica_export.metrica.access import is_loopback
from metrica_export.metrica.http import Session
from metrica_export.metrica.redaction import printable
from metrica_export.monitoring.events import Event, find_events

URL = "METRICA_WEBHOOK_URL"
SHAPE = "METRICA_WEBHOOK_FORMAT"
CHAT = "METRICA_WEBHOOK_CHAT"
TOKEN = "METRICA_WEBHOOK_TOKEN"  # noqa: S105 - the name of a variable
SHAPES = ("json", "slack", "telegram")

SECONDS = 5
"""Maximum time for the name, the connection, the request and the answer together."""

_LONGEST = 3_000
"""Telegram takes 4,096 characters."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """The address, the shape of the body, the chat of Telegram, and a bearer token if any."""

    url: str = field(repr=False)
    shape: str = "json"
    chat: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        # No message repeats a value, since each may be a secret.
        if not _is_address(self.url):
            raise SettingsError(f"{URL} is not an address. Set it to https://….")
        if self.shape not in SHAPES:
            raise SettingsError(f"{SHAPE} is not known. Set it to one of {', '.join(SHAPES)}.")
        if (self.shape == "telegram") != (self.chat is not None):
            raise SettingsError(
                f"{CHAT} belongs to {SHAPE}=telegram: set both, or neither of them."
            )
        if self.token is not None and not (self.token.isascii() and self.token.isprintable()):
            raise SettingsError(f"{TOKEN} has a character that no token has. Set the bare token.")
        is_secret = urlsplit(self.url).scheme == "https" or is_loopback(self.url)
        if self.token is not None and not is_secret:
            raise SettingsError(f"{URL} would send {TOKEN} in clear text. Use https.")


def read_webhook(environment: Mapping[str, str] = os.environ) -> Webhook | None:
    """Return the webhook of the environment, None without an address.

    Raises SettingsError, which names the variable and never its value.
    """
    url, shape, chat, token = (
        environment.get(name, "").strip() or None for name in (URL, SHAPE, CHAT, TOKEN)
    )
    return None if url is None else Webhook(url, shape or "json", chat, token)


def notify(webhook: Webhook, result: RunResult) -> str | None:
    """Send the events of a run, if there are any; return the problem if the message was lost.

    Takes `SECONDS` at most and raises nothing.
    """
    events = find_events(result)
    if not events:
        return None
    problems: list[str] = ["no answer in time"]
    body = body_of(webhook, events, result)
    # A thread, because no timeout covers the look-up of a name and an answer byte by byte. It may
    # outlive the wait, and does not keep the program from ending.
    thread = Thread(target=_post, args=(webhook, body, problems), daemon=True)
    thread.start()
    thread.join(SECONDS)
    if not problems[-1]:
        return None
    return (
        f"The webhook got no message ({problems[-1]}). Check {URL}; the run itself is not affected."
    )


def body_of(webhook: Webhook, events: list[Event], result: RunResult) -> dict[str, Any]:
    """Return the JSON body of the message."""
    run = "" if result.run_no is None else f", run {result.run_no}"
    head = f"metrica-export, counter {result.counter}{run}"
    text = "\n".join([head, *(printable(event.text) for event in events)])[:_LONGEST]
    if webhook.shape == "slack":
        # Slack's three control characters.
        for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(char, entity)
        return {"text": text}
    if webhook.shape == "telegram":
        return {"chat_id": webhook.chat, "text": text}
    names = [event.name for event in events]
    return {"events": names, "text": text, "result": result.as_dict()}


class _Authorization(requests.auth.AuthBase):
    """The bearer token. An auth object keeps `requests` from using ~/.netrc instead."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _post(webhook: Webhook, body: dict[str, Any], problems: list[str]) -> None:
    """Send a body once; append the problem, or an empty text."""
    try:
        with Session() as session:
            # The body of the answer is not read.
            answer = session.post(
                webhook.url,
                json=body,
                auth=_Authorization(webhook.token),
                timeout=SECONDS,
                allow_redirects=False,
                stream=True,
            )
            answer.close()
    except Exception as error:  # noqa: BLE001 - its text may have the address
        problems.append(type(error).__name__)
        return
    is_taken = HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES
    problems.append("" if is_taken else f"status {answer.status_code}")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_clean = url.isprintable() and " " not in url
    return is_clean and parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
