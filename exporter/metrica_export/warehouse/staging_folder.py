"""Private folders for staged rows. A command removes its own, and folders of killed commands.

Containers that share a folder do not share process ids, so a lock on a file beside each folder
shows whether its command is alive.
"""

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "metrica-export-"
_SUFFIX = ".lock"


@contextmanager
def staging_folder(place: Path) -> Iterator[Path]:
    """Create a folder in `place` that only this user can read; remove it at the end.

    Raises OSError if it cannot be created, or if files cannot be locked.
    """
    lock, file = _locked(place)
    folder = lock.with_suffix("")
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _drop(lock, file)


def sweep(place: Path) -> None:
    """Remove folders of this user's killed commands: personal data must not outlive a run."""
    for lock in place.glob(f"{_PREFIX}*{_SUFFIX}"):
        # Another command may end, or sweep, at the same time.
        with suppress(OSError):
            file = os.open(lock, os.O_RDWR | _NO_LINK)
            if _is_mine(file) and _lock(file):
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                _drop(lock, file)
            else:
                os.close(file)


def _locked(place: Path) -> tuple[Path, int]:
    """Return a new lock file and its open, locked descriptor."""
    while True:
        lock = place / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600)
        if _lock(file) and _is_at(lock, file):
            return lock, file
        # A sweep between the two lines has locked or removed the file.
        os.close(file)


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _is_mine(file: int) -> bool:
    return sys.platform == "win32" or os.fstat(file).st_uid == os.getuid()


if sys.platform == "win32":
    import msvcrt

    _NO_LINK = 0

    def _lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _drop(lock: Path, file: int) -> None:
        os.close(file)
        with suppress(OSError):
            lock.unlink()

else:
    import fcntl

    _NO_LINK = os.O_NOFOLLOW

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _drop(lock: Path, file: int) -> None:
        # Removed before it is unlocked, so that no sweep can lock it in between.
        with suppress(OSError):
            lock.unlink()
        os.close(file)
