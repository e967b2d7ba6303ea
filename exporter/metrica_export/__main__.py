"""`python -m metrica_export` is the command `metrica-export`."""

from metrica_export.cli.main import main

main()
