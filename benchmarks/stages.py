"""Where the time of one command goes: looks at every thread some hundred times a second.

`python -m benchmarks.stages OUT run …` runs the command in this process and writes to OUT
the seconds that threads have spent in each stage. Work that overlaps counts in each of its
threads, so the stages may add up to more than the clock's time.
"""

import json
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

import metrica_export
from metrica_export.cli.main import main as command

_PACKAGE = Path(metrica_export.__file__).parent
_GAP_SECONDS = 0.002

STAGES = {
    "read": ("delta/", "ledger/reader.py"),
    "check": ("checks/", "review/"),
    "encode": ("delivery/chunks.py", "delivery/csv_file.py", "delivery/json_file.py"),
    "hash": ("hashlib.py",),
    "upload": ("metrica/",),
    "ledger": ("ledger/writer.py", "ledger/store.py", "ledger/views/__init__.py"),
    "wait": ("delivery/prefetch.py",),
}
"""Modules or folders of the exporter by stage; the innermost one that is listed counts.

`wait` is the sending thread's, for a chunk that is still being made.
"""

_STAGE_OF = {module: stage for stage, modules in STAGES.items() for module in modules}


def _module(path: Path) -> str | None:
    """Return the path below the package, `hashlib.py` for hashing, None for other libraries."""
    if path.is_relative_to(_PACKAGE):
        return path.relative_to(_PACKAGE).as_posix()
    return path.name if path.name == "hashlib.py" else None


def _stage(module: str) -> str | None:
    return _STAGE_OF.get(module) or _STAGE_OF.get(f"{module.partition('/')[0]}/")


class Sampler(threading.Thread):
    """Counts in which stage each other thread is, until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.places: defaultdict[str, float] = defaultdict(float)
        self._done = threading.Event()

    def run(self) -> None:
        """Look, until `stop`."""
        last = time.monotonic()
        while not self._done.wait(_GAP_SECONDS):
            now = time.monotonic()
            for thread, frame in sys._current_frames().items():  # noqa: SLF001 - it is the only way
                if thread != self.ident:
                    self._count(frame, now - last)
            last = now

    def stop(self) -> None:
        """Stop and wait for the last look."""
        self._done.set()
        self.join()

    def _count(self, frame: FrameType | None, seconds: float) -> None:
        place = stage = None
        while frame is not None:
            module = _module(Path(frame.f_code.co_filename))
            if module is not None:
                if place is None and module not in {"hashlib.py", "warehouse/connection.py"}:
                    place = f"{module}:{frame.f_code.co_name}"
                stage = _stage(module)
                if stage is not None:
                    break
            frame = frame.f_back
        if place is None and stage is None:
            # A thread of the pool with nothing to do.
            return
        self.seconds[stage or "other"] += seconds
        self.places[place or "other"] += seconds


def main() -> None:
    """Run a command of the exporter under the sampler."""
    out = Path(sys.argv.pop(1))
    sampler = Sampler()
    sampler.start()
    started = time.monotonic()
    try:
        command()
    finally:
        wall = time.monotonic() - started
        sampler.stop()
        found = {"wall": wall, "stages": sampler.seconds, "places": sampler.places}
        out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
