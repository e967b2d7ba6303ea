"""The command `doctor`: checks of everything that a run depends on."""
