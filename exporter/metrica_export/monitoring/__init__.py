"""Reports of a finished run to people and to monitoring: a metrics file and a webhook."""
