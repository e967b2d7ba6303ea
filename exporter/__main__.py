"""`python -m exporter` is the command `metrica-export`."""

from exporter.cli import main

main()
