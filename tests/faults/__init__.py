"""The fault campaign: random histories, kills at every I/O step, and what must hold after each.

`python -m tests.faults --help` says how to run it. What judges the outcome (`oracle`,
`invariants`, `versions`) imports nothing of the exporter: it reads the warehouse with plain
SQL and the emulator's SQLite file.
"""
