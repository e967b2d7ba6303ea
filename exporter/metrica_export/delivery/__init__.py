"""The upload of sendable rows: waves, chunks, files, requests."""
