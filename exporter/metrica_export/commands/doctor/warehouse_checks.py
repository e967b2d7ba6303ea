"""The doctor's checks of the warehouse: the marts, the ledger, and what DuckDB needs."""

import time

from metrica_export.commands.doctor.finding import Finding, error, ok, warning
from metrica_export.errors import MetricaError, SettingsError, WarehouseError
from metrica_export.ledger.destination import check_destination
from metrica_export.ledger.reader import VERSION, Ledger
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica
from metrica_export.warehouse.connection import LEDGER, Attached
from metrica_export.warehouse.contract import check_relation
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql import name, quote

_SCARCE = 0.1
"""The share of a day's requests below which it is time to look why."""

_MINUTE, _HOUR = 60, 3600


def extension(wh: Attached) -> Finding:
    """Say which of DuckDB's postgres extensions reads the warehouse."""
    if not wh.is_postgres:
        return ok("extension", "the warehouse is DuckDB's own, which needs none")
    found, duckdb = wh.row(
        "select max(extension_version) filter (extension_name = 'postgres_scanner' and loaded), "
        "version() from duckdb_extensions()"
    )
    return ok("extension", f"postgres {found} is loaded into DuckDB {duckdb}")


def contract(wh: Attached, mart: Mart) -> Finding:
    """Compare a mart with its declaration; raises WarehouseError."""
    check_relation(wh, mart)
    custom = f", {len(mart.attributes)} of them custom" if mart.attributes else ""
    return ok(
        f"mart {mart.name}",
        f"{mart.schema}.{mart.table} has its {len(mart.columns)} columns{custom}",
    )


def version(wh: Attached, counter_id: int) -> tuple[Finding, Ledger]:
    """Say which version the ledger is of; returns it too. Raises LedgerError."""
    ledger = Ledger(wh, counter_id)
    if not ledger.exists:
        return _no_ledger(wh), ledger
    return ok("ledger", f"it is of version {VERSION}, which is this program's"), ledger


def _no_ledger(wh: Attached) -> Finding:
    """Say whether the first run can make the ledger."""
    schema, there = wh.ledger_schema, wh.has_schema(wh.ledger_schema)
    quoted = quote(schema)
    if wh.is_postgres:
        privilege = (
            f"has_schema_privilege({quoted}, 'usage') and has_schema_privilege({quoted}, 'create')"
            if there
            else "has_database_privilege(current_database(), 'create')"
        )
        query = f"select {privilege} as allowed, current_user::text as who"
        allowed, user = wh.row(f"select allowed, who from {wh.remote(query)}")
        if not allowed:
            grant = f"grant usage, create on schema {name(schema)} to {name(user)}"
            found = f"{user} may not create tables in schema {schema}"
            if not there:
                grant = f"create schema {name(schema)}; {grant}"
                found = f"there is no schema {schema}, and {user} may not create one"
            return error("ledger", WarehouseError, found, f"Ask an administrator to run `{grant}`.")
    if there:
        return ok("ledger", f"schema {schema} is there", "The first run makes the ledger in it.")
    return ok("ledger", "there is none yet", "The first run makes it.")


def schema(wh: Attached, mart: Mart) -> Finding:
    """Say whether the marts' schema is there and can be used."""
    if not wh.has_schema(mart.schema):
        found = f"there is no schema {mart.schema}"
        return error("warehouse", WarehouseError, found, "Run `dbt build`.")
    if wh.is_postgres:
        privilege = f"has_schema_privilege({quote(mart.schema)}, 'usage')"
        query = f"select {privilege} as allowed, current_user::text as who"
        allowed, user = wh.row(f"select allowed, who from {wh.remote(query)}")
        if not allowed:
            grant = f"grant usage on schema {name(mart.schema)} to {name(user)}"
            found = f"{user} may not use schema {mart.schema}"
            return error("warehouse", WarehouseError, found, f"As its owner, run `{grant}`.")
    return ok("warehouse", f"schema {mart.schema} can be read")


def destination(wh: Attached, ledger: Ledger, api: Api) -> Finding:
    """Say that the ledger's uploads went where this address leads; raises LedgerError."""
    check_destination(wh, ledger, is_local=api.is_local)
    where = "an emulator" if api.is_local else "Metrica"
    return ok("destination", f"runs go to {where}, and nothing has gone elsewhere")


def last_run(wh: Attached, ledger: Ledger) -> Finding:
    """Say how the last run ended."""
    found = ledger.exists and wh.rows(
        "select run_no, cast(started_at as text), cast(finished_at as text), exit_code, message "
        f"from {LEDGER}.ledger_runs where counter_id = ? order by run_no desc limit 1",
        [ledger.counter_id],
    )
    if not found:
        return ok("last run", "there was none for this counter")
    number, started, finished, code, message = found[0]
    if finished is None:
        return warning(
            "last run",
            f"run {number}, begun {started}, has no end: it is at work, or was killed",
            "If nothing is at work, just run: the next run goes on where it stopped.",
        )
    ended = f"run {number} ended {finished} with exit code {code}"
    if code in (0, 1) and message not in (None, "clean"):
        # Code 1 is the operator's own choice, by --fail-on.
        level = warning if code else ok
        return level("last run", f"{ended}: {message}", "See `metrica-export rejects`.")
    if code == 0:
        return ok("last run", ended)
    return warning("last run", f"{ended}: {message}", "Fix the reported problem and rerun.")


def quota(wh: Attached, ledger: Ledger, limit: int) -> Finding:
    """Say how many requests are left today by our own count; other programs' are not in it."""
    used = Journal(wh, ledger.counter_id).requests_today() if ledger.exists else 0
    left = max(limit - used, 0)
    found = f"{left} of {limit} requests are left until 00:00 GMT by the runs' own count"
    if left == 0:
        return error(
            "quota", MetricaError, found, "Run after 00:00 GMT, or raise --daily-requests."
        )
    if left < limit * _SCARCE:
        return warning(
            "quota", found, "A larger --chunk-rows takes fewer requests; see the view `uploads`."
        )
    return ok("quota", found)


def clocks(wh: Attached | None, metrica: Metrica | None) -> Finding:
    """Compare the clocks of the warehouse, of this machine and of Metrica."""
    ahead = {"this machine": 0.0}
    if wh is not None:
        (seconds,) = wh.row(f"select epoch({wh.now})")
        ahead["the warehouse"] = seconds - time.time()
    theirs = metrica.clock_ahead() if metrica is not None else None
    if theirs is not None:
        ahead["Metrica"] = theirs
    if len(ahead) == 1:
        return ok("clocks", "there is none to compare this machine's with")
    fast, slow = (choose(ahead, key=lambda who: ahead[who]) for choose in (max, min))
    apart = ahead[fast] - ahead[slow]
    if apart <= _MINUTE:
        return ok("clocks", f"{', '.join(ahead)} agree to {apart:.0f} s")
    found = f"{fast} is {apart:.0f} s ahead of {slow}"
    advice = "Set the wrong clock by NTP: windows and held dates go by the warehouse's."
    if apart <= _HOUR:
        return warning("clocks", found, advice)
    judge = ahead.get("Metrica", ahead["this machine"])
    is_warehouse = abs(ahead.get("the warehouse", judge) - judge) > _HOUR
    return error("clocks", WarehouseError if is_warehouse else SettingsError, found, advice)
