"""Metrica's CRM import API: formats and calls."""
