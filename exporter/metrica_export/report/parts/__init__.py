"""The nine parts of the report: one module for the figures of each part."""
