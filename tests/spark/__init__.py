"""Tests of dbt on Spark and Iceberg, for an environment of their own: `make test-spark`."""
