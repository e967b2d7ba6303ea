"""The share of this machine, or of its container, that a run takes by default."""

import os
from contextlib import suppress
from pathlib import Path

SESSIONS = min(3, os.cpu_count() or 1)
"""Chunks that are written at the same time. At most twice as many are on disk.

More sessions than cores cost processor time and save none.
"""

_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Linux's files with the bytes of memory that a container may use, or `max`."""


def default_memory_mb() -> int:
    """Return an eighth of the memory of the machine or its container, at least 200, at most 512."""
    found = []
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf.
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for file in _CONTAINER_LIMITS:
        with suppress(ValueError, OSError):
            found.append(int(file.read_text(encoding="ascii")))
    return max(200, min(512, min(found, default=0) // 8 // 10**6))
