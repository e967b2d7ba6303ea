"""Metrica's CRM import on your own machine: the same questions, answers and refusals.

It exists so that an export can be tested, and made to fail, without a counter. The
web framework it needs is an optional extra, so it is imported only when `serve` runs.
"""

from exporter.emulator.options import EmulatorOptions
from exporter.emulator.refusal import EmulatorError
from exporter.emulator.switches import Switches

__all__ = ["EmulatorError", "EmulatorOptions", "Switches", "serve"]


def serve(options: EmulatorOptions) -> None:
    """Answer requests until SIGTERM or SIGINT.

    Once connections are accepted, one line with the real port goes to standard error.
    Raises EmulatorError when the extra is not installed, the port is taken, or the state
    file is not the emulator's or belongs to another counter.
    """
    from exporter.emulator.server import run  # noqa: PLC0415 - needs the optional extra

    run(options)
