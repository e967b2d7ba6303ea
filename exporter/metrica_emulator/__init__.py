"""An emulator of Metrica's CRM import, for tests of an export without a counter."""
