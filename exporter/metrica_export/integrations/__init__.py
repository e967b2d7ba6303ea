"""Integrations with orchestrators, which start `metrica-export` in a process of its own.

The process may belong to another environment, and a signal ends it in order. The orchestrator
itself opens no warehouse.
"""
