"""Parts of Python that other platforms lack."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"]])
def test_commands_start_without_sighup_as_on_windows(command: list[str]) -> None:
    code = f"""
import signal, sys
del signal.SIGHUP
from metrica_export.cli.main import main
sys.argv = ["metrica-export", *{command!r}]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")


def test_staging_folders_are_swept_without_the_users_of_posix_as_on_windows(tmp_path: Path) -> None:
    code = """
import importlib, os, sys, types
from pathlib import Path
from metrica_export.warehouse import staging_folder
del os.getuid
sys.modules["fcntl"] = None
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=lambda *_: None)
sys.platform = "win32"
importlib.reload(staging_folder)
place = Path(sys.argv[1])
(place / "metrica-export-dead.lock").touch()
staging_folder.sweep(place)
with staging_folder.staging_folder(place) as folder:
    print(folder.is_dir())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
    assert list(tmp_path.iterdir()) == []
