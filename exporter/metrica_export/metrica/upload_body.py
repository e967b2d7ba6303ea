"""Request bodies of uploads: JSON, or a file in a multipart form."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4


def upload_body(path: Path) -> "_Multipart | _Json":
    """Return the body for a file, by its suffix."""
    return _Json(path) if path.suffix == ".json" else _Multipart(path)


class _Json:
    """A small file as a JSON body.

    Sources: pages "Uploading customer data (JSON)", "Uploading orders (JSON)".
    """

    content_type = "application/json"

    def __init__(self, path: Path) -> None:
        self._path = path

    def __len__(self) -> int:
        return self._path.stat().st_size

    def __iter__(self) -> Iterator[bytes]:
        yield self._path.read_bytes()


class _Multipart:
    """One file as a multipart body, read from disk during the upload.

    `requests` itself would read the whole file into memory.

    Source: page "Uploading customer data (CSV)".
    """

    def __init__(self, path: Path) -> None:
        boundary = uuid4().hex
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._path = path
        self._head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{path.name}"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        return len(self._head) + self._path.stat().st_size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._path.open("rb") as file:
            while block := file.read(1 << 20):
                yield block
        yield self._tail
