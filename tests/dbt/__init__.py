"""The dbt project on both engines: built, broken, changed and compared."""
