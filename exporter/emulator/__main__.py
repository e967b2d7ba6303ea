"""`python -m exporter.emulator`."""

from exporter.emulator.command import emulator

if __name__ == "__main__":
    emulator()
