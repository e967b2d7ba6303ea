"""The delivery of sendable rows: waves, chunks, files and requests."""
