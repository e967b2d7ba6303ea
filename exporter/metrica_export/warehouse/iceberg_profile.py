"""A target of type spark in profiles.yml: the Iceberg catalog of its marts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from metrica_export.errors import SettingsError

_PARAMETERS = "server_side_parameters"
_DEFAULT = "spark.sql.defaultCatalog"
_PASSED_THROUGH = {"sslmode", "sslrootcert", "sslcert", "sslkey"}


@dataclass(frozen=True, slots=True)
class Iceberg:
    """Marts in Iceberg tables of Spark, found by a catalog in a database.

    `uri` is SQLAlchemy's address of this database, `place` its address without a password.
    """

    target: str
    catalog: str
    place: str
    warehouse: str
    uri: str = field(repr=False)

    kind = "spark"


def read_iceberg(target: str, output: Mapping[str, Any], where: str) -> Iceberg:
    """Return the catalog that a target's `server_side_parameters` name.

    Raises SettingsError with the key.
    """
    found = output.get(_PARAMETERS)
    parameters = found if isinstance(found, dict) else {}
    where = f"{where}.{_PARAMETERS}"

    def get(key: str) -> str:
        value = parameters.get(key)
        return "" if value is None else str(value)

    def need(key: str) -> str:
        if not get(key):
            raise SettingsError(
                f"{where} has no {key!r}, which the exporter needs to find the marts. Add it, also "
                "if the cluster sets it."
            )
        return get(key)

    catalog = need(_DEFAULT)
    prefix = f"spark.sql.catalog.{catalog}"
    kind = need(f"{prefix}.type")
    if kind != "jdbc":
        raise SettingsError(
            f"{where}: {prefix}.type is {kind!r}, but the exporter reads a JDBC catalog only. Use "
            "the type jdbc for the marts."
        )
    uri, place = _address(
        need(f"{prefix}.uri"),
        get(f"{prefix}.jdbc.user"),
        get(f"{prefix}.jdbc.password"),
        f"{where}: {prefix}.uri",
    )
    return Iceberg(target, catalog, place, need(f"{prefix}.warehouse"), uri)


def _address(jdbc: str, user: str, password: str, where: str) -> tuple[str, str]:
    """Return SQLAlchemy's address of a database, and one without user and password."""
    if jdbc.startswith("jdbc:sqlite:"):
        path = jdbc.removeprefix("jdbc:sqlite:")
        return f"sqlite:///{path}", path
    if not jdbc.startswith("jdbc:postgresql://"):
        raise SettingsError(
            f"{where} is not the address of a PostgreSQL database. Write "
            "jdbc:postgresql://<host>:<port>/<database>."
        )
    try:
        parts = urlsplit(jdbc.removeprefix("jdbc:"))
        host, port = parts.hostname or "localhost", parts.port or 5432
    except ValueError:
        raise SettingsError(f"{where} has no valid host and port. Correct it.") from None
    options = dict(parse_qsl(parts.query))
    user, password = options.pop("user", user), options.pop("password", password)
    if unknown := sorted(options.keys() - _PASSED_THROUGH):
        raise SettingsError(
            f"{where} has the parameter {unknown[0]}, which the exporter cannot follow. It knows "
            f"{', '.join(sorted(_PASSED_THROUGH))}. Remove it."
        )
    shown = f"[{host}]" if ":" in host else host
    place = f"{shown}:{port}{parts.path}"
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    # As for the ledger's server. libpq itself waits for minutes.
    query = urlencode(options | {"connect_timeout": "10"})
    return f"postgresql+psycopg2://{login}{place}?{query}", f"{place}, as {user!r}"
