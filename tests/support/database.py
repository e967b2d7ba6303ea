"""How a test reaches one database of the PostgreSQL that the tests started."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from psycopg2.extensions import connection, make_dsn


@dataclass(frozen=True, slots=True)
class Database:
    """A database and the login that owns it, which is not a superuser."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    name: str

    @property
    def dsn(self) -> str:
        """The connection string of libpq, password included."""
        return make_dsn(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.name,
        )

    @property
    def env(self) -> dict[str, str]:
        """The variables that libpq and the example profile read."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.name,
        }

    @property
    def dbt_target(self) -> dict[str, Any]:
        """The target of profiles.yml for this database."""
        return {
            "type": "postgres",
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "dbname": self.name,
            "schema": "public",
        }

    @contextmanager
    def connect(self) -> Iterator[connection]:
        """Open a connection in autocommit mode; it is closed at the end."""
        opened = psycopg2.connect(self.dsn)
        try:
            opened.autocommit = True
            yield opened
        finally:
            opened.close()
