"""`python -m metrica_emulator`."""

from metrica_emulator.command import emulator

if __name__ == "__main__":
    emulator()
