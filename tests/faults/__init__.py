"""The fault campaign: random histories and kills at every I/O step, checked by invariants.

`python -m tests.faults --help` lists the options. The modules that check a history (`oracle`,
`invariants`, `version_log`) import nothing of the exporter: they read the warehouse with plain
SQL and the emulator's SQLite file.
"""
