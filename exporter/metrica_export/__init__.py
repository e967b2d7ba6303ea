"""Deliver a CRM's dbt marts to Yandex Metrica's CRM import: only what changed, and provably so."""
