"""The whole job: dbt's marts, the command line, the emulator."""
