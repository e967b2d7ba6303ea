"""Which orders Metrica ties to visits: the emulator says it at once, Metrica in its reports."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from metrica_export.errors import ExportError

_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Link:
    """An order, the type of its status, and its visit, or why it is tied to none."""

    order: str
    status_type: str
    visit_id: str | None
    reason: str | None


def find_links(url: str, visits: list[dict[str, str]]) -> list[Link]:
    """Tell the emulator at `url` of visits to the site, and return what it ties to them.

    Raises ExportError when it does not answer.
    """
    try:
        _ask(f"{url}/debug/visits", json.dumps(visits).encode())
        found = _ask(f"{url}/debug/links")
    except OSError as error:
        raise ExportError(f"The emulator did not say what it ties to visits ({error}).") from None
    return [
        Link(link["order_key"], link["status_type"], link["visit_id"], link["reason"])
        for link in found["links"]
    ]


def _ask(url: str, body: bytes | None = None) -> Any:  # noqa: ANN401 - whatever the JSON holds
    request = Request(url, body)  # noqa: S310 - the emulator's, which is HTTP
    with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the same
        return json.load(answer)
