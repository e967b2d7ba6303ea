"""The links of orders to visits: the emulator lists them, Metrica shows them in its reports."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from metrica_export.errors import ExportError

_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Link:
    """An order, the type of its status, and its visit, or the reason why it has none."""

    order: str
    status_type: str
    visit_id: str | None
    reason: str | None


def send_visits(url: str, visits: list[dict[str, str]]) -> None:
    """Send visits to the site to the emulator at `url`; ExportError if it does not answer."""
    _ask(f"{url}/debug/visits", json.dumps(visits).encode())


def find_links(url: str) -> list[Link]:
    """Return the emulator's links of orders to visits; ExportError if it does not answer."""
    found = _ask(f"{url}/debug/links")
    return [
        Link(link["order_key"], link["status_type"], link["visit_id"], link["reason"])
        for link in found["links"]
    ]


def _ask(url: str, body: bytes | None = None) -> Any:  # noqa: ANN401 - JSON of any type
    request = Request(url, body)  # noqa: S310 - the emulator's, which is HTTP
    try:
        with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the same
            return json.load(answer)
    except OSError as error:
        raise ExportError(
            f"The emulator did not answer {url} ({error}). Rerun `metrica-export demo`."
        ) from None
