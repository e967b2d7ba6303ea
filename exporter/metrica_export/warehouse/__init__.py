"""The warehouse, and the dbt project that built its marts."""
