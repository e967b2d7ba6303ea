"""Parts of Python that other platforms lack."""

import subprocess
import sys

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
