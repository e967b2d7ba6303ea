"""Parts of the exporter and of this project alone: no server, in seconds."""
