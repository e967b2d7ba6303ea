"""Metrica's CRM import on your own machine: the same questions, answers and refusals.

It exists so that an export can be tested, and made to fail, without a counter. The
web framework it needs is an optional extra, so it is imported only when `serve` runs.
"""

from importlib.util import find_spec

from metrica_emulator.options import EmulatorOptions
from metrica_emulator.refusal import EmulatorError
from metrica_emulator.switches import Switches

__all__ = ["EmulatorError", "EmulatorOptions", "Switches", "serve"]

_EXTRA = ("starlette", "uvicorn", "python_multipart")


def serve(options: EmulatorOptions) -> None:
    """Answer requests until SIGTERM or SIGINT.

    Once connections are accepted, one line with the real port goes to standard error.
    Raises EmulatorError when the extra is not installed, the port is taken, or the state
    file is not the emulator's or belongs to another counter.
    """
    if any(find_spec(name) is None for name in _EXTRA):
        raise EmulatorError("Install the emulator: pip install 'metrica-crm-export[emulator]'")

    from metrica_emulator.server import run  # noqa: PLC0415 - needs the optional extra

    run(options)
