"""The demo: the whole job on a made-up CRM and the emulator."""
