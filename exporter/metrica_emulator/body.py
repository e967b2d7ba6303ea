"""The body of a request: its type, its size and its content."""

import json
import re

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from metrica_emulator.metrica import serving
from metrica_emulator.refusal import Refusal, bad_file

JSON = "application/json"
MULTIPART = "multipart/form-data"

# The rest of a multipart body, around its file, is far below this.
_ENVELOPE = 100_000
# Python's json takes half of a surrogate pair for a character; no other program does.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]").search


def check(request: Request, wanted: str) -> None:
    """Refuse a body of another type or of an announced size above the limit."""
    if _bare(request.headers.get("content-type")) != wanted:
        raise Refusal(406, "not_acceptable", f"The Content-Type must be {wanted}.")
    limit = _limit(request)
    if int(request.headers.get("content-length", 0)) > limit + _ENVELOPE:
        raise _too_large(limit)


async def json_content(request: Request) -> tuple[object, int]:
    """Return a JSON body and its size in bytes; raises Refusal."""
    check(request, JSON)
    raw = await request.body()
    return parse(raw), len(raw)


def parse(raw: bytes) -> object:
    """Parse JSON; raises Refusal."""
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
        raise _too_large(limit)
    if _bare(part.content_type) != "text/csv":
        raise bad_file("The part `file` must be of type text/csv.")
    return part


def _bare(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()


def _limit(request: Request) -> int:
    return serving(request).quotas.limits.max_file_bytes


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "invalid_uploading", f"The file is larger than {limit} bytes.")
