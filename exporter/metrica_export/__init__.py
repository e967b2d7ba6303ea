"""Delivery of a CRM's dbt marts to Yandex Metrica's CRM import: only changed rows, provably."""
