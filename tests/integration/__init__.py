"""The exporter on real warehouses, against the emulator."""
