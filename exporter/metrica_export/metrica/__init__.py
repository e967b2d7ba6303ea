"""Metrica's CRM import API: formats, calls and answers."""
