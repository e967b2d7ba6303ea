"""What a figure was measured on: the machine and the versions."""

import os
import platform
import re
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

_PACKAGES = (
    *("duckdb", "duckdb-extension-postgres-scanner", "psycopg2-binary", "requests", "pyarrow"),
    *("pandas", "sqlalchemy", "psycopg", "dlt"),
)
_PROBE_BYTES = 256 << 20


def describe(folder: Path, postgres: str) -> list[tuple[str, str]]:
    """Return name and value of each fact; the disk is the one that `folder` is on."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
    return [
        ("date", time.strftime("%Y-%m-%d")),
        ("commit", _said("git", "rev-parse", "--short", "HEAD")),
        ("processor", f"{os.cpu_count()} cores, {_processor()}"),
        ("memory", f"{memory:.0f} GB"),
        ("disk", f"{_disk_speed(folder):.0f} MB/s written and synced"),
        ("load before", f"{os.getloadavg()[0]:.1f}"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("servers", f"{postgres}, {_said('curl', '--version').split(' (')[0]}"),
        ("packages", packages),
    ]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


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
