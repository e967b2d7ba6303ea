"""What a figure was measured on: the machine and the versions."""

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

_PACKAGES = ("duckdb", "duckdb-extension-postgres-scanner", "psycopg2-binary", "requests")
_RIVALS = ("pandas", "sqlalchemy", "psycopg", "dlt", "pyarrow", "drt-core")
_PROBE_BYTES = 256 << 20


def cores() -> int:
    """Return the number of cores that this process and its children may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def describe(folder: Path, postgres: str, rivals: Path | None) -> list[tuple[str, str]]:
    """Return name and value of each fact.

    The disk is the one that `folder` is on; `rivals` is the Python that has their packages.
    """
    memory = psutil.virtual_memory().total / 2**30
    return [
        ("date", time.strftime("%Y-%m-%d")),
        ("commit", _said("git", "rev-parse", "--short", "HEAD")),
        ("processor", f"{cores()} cores, {_processor()}"),
        ("memory", f"{memory:.0f} GB"),
        ("disk", f"{_disk_speed(folder):.0f} MB/s written and synced"),
        ("load before", f"{os.getloadavg()[0]:.1f}"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("servers", f"{postgres}, {_said('curl', '--version').split(' (')[0]}"),
        ("packages", _versions(sys.executable, _PACKAGES)),
        ("rivals", _versions(rivals, _RIVALS) if rivals else "left out"),
    ]


def _versions(python: str | Path, packages: Sequence[str]) -> str:
    code = (
        "import sys; from importlib.metadata import version; "
        "print(', '.join(f'{name} {version(name)}' for name in sys.argv[1:]))"
    )
    return _said(str(python), "-c", code, *packages)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found[1] if found else platform.machine()


def _disk_speed(folder: Path) -> float:
    block = os.urandom(1 << 20)
    path = folder / "probe"
    started = time.monotonic()
    with path.open("wb") as file:
        for _ in range(_PROBE_BYTES // len(block)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - started
    path.unlink()
    return _PROBE_BYTES / seconds / 1e6
