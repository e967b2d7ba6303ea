"""The body of a request: its type, its size, and what is in it."""

import json
import re

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from metrica_emulator.metrica import serving
from metrica_emulator.refusal import Refusal, bad_file

JSON = "application/json"
MULTIPART = "multipart/form-data"

# What surrounds the file in a multipart body is far below this.
_ENVELOPE = 100_000
# Half of a surrogate pair is a character for Python's json, and for nobody else.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]").search


def content_type(request: Request) -> str:
    """Return the content type without its parameters."""
    return _bare(request.headers.get("content-type"))


def check(request: Request, wanted: str) -> None:
    """Refuse a body of another type, or one that is announced as too large."""
    if content_type(request) != wanted:
        raise Refusal(406, "not_acceptable", f"The Content-Type must be {wanted}.")
    limit = _limit(request)
    if int(request.headers.get("content-length", 0)) > limit + _ENVELOPE:
        raise _too_large(request, limit)


async def json_content(request: Request) -> tuple[object, int]:
    """Return a JSON body and its size in bytes; raises Refusal."""
    check(request, JSON)
    raw = await request.body()
    return parse(raw), len(raw)


def parse(raw: bytes) -> object:
    """Read JSON; raises Refusal."""
    try:
        content: object = json.loads(raw)
        if _SURROGATE(raw):
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(400, "invalid_json", "The body is not valid JSON.") from None
    return content


def file_part(request: Request, form: FormData) -> UploadFile:
    """Return the only part of a multipart body, the file; raises Refusal."""
    parts = form.multi_items()
    if len(parts) != 1 or parts[0][0] != "file" or not isinstance(parts[0][1], UploadFile):
        raise bad_file("Send exactly one part, named `file`, with a file name.")
    part = parts[0][1]
    limit = _limit(request)
    if (part.size or 0) > limit:
        raise _too_large(request, limit)
    metrica = serving(request)
    if metrica.switches.lenient == "off" and _bare(part.content_type) != "text/csv":
        raise bad_file("The part `file` must be of type text/csv.")
    return part


def _bare(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()


def _limit(request: Request) -> int:
    metrica = serving(request)
    return metrica.quotas.limits.max_file_bytes


def _too_large(request: Request, limit: int) -> Refusal:
    status = int(serving(request).switches.too_large_status)
    return Refusal(status, "invalid_uploading", f"The file is larger than {limit} bytes.")
