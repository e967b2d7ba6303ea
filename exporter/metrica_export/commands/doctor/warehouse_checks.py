"""The doctor's checks of the warehouse: marts, ledger, DuckDB's extension and clocks."""

import time

from metrica_export.commands.doctor.finding import Finding, error, ok, warning
from metrica_export.errors import MetricaError, SettingsError, WarehouseError
from metrica_export.ledger.destination import check_destination
from metrica_export.ledger.reader import VERSION, Ledger
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.access import Api
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import CONTACTS, ORDERS
from metrica_export.plurals import counted
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import check_relation
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.filters import count_rows
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import name, quote

_SCARCE = 0.1
"""A smaller share of the day's requests is a warning."""

_MINUTE, _HOUR = 60, 3600


def extension(wh: Attached) -> Finding:
    """Name the version of DuckDB's postgres extension."""
    if not wh.ledger_is_postgres:
        return ok("extension", "a DuckDB warehouse needs none")
    found, duckdb = wh.row(
        "select max(extension_version) filter (extension_name = 'postgres_scanner' and loaded), "
        "version() from duckdb_extensions()"
    )
    return ok("extension", f"postgres {found} is loaded into DuckDB {duckdb}")


def contract(wh: Attached, mart: Mart) -> tuple[Finding, Mart]:
    """Compare a mart with its declaration; return the mart too. Raises WarehouseError."""
    check_relation(wh, mart)
    custom = f", {len(mart.attributes)} of them custom" if mart.attributes else ""
    found = f"{mart.schema}.{mart.table} has its {len(mart.columns)} columns{custom}"
    if mart.condition is None:
        return ok(f"mart {mart.name}", found), mart
    own, total = count_rows(wh, mart)
    found += f"; the filter selects {own} of {counted(total, 'row')}"
    if own or not total:
        return ok(f"mart {mart.name}", found), mart
    advice = "Check the filter: this counter gets no row of the mart."
    return warning(f"mart {mart.name}", found, advice), mart


def filters(marts: Marts, counter_id: int) -> Finding:
    """Look for contacts that a counter would get although it gets only some orders."""
    filtered = {mart.name for mart in marts.all if mart.condition is not None}
    if ORDERS.name in filtered and CONTACTS.name not in filtered:
        return warning(
            "filters",
            f"counter {counter_id} gets some of the orders, and all contacts",
            "Add a filter for contacts, such as `uniq_id in (select client_uniq_id from "
            "metrica.orders where …)`, so that no other site's customers are sent.",
        )
    return ok("filters", f"counter {counter_id} gets the rows of filters of {', '.join(filtered)}")


def version(wh: Attached, counter_id: int) -> tuple[Finding, Ledger]:
    """Check the version of the ledger; return the ledger too. Raises LedgerError."""
    ledger = Ledger(wh, counter_id)
    if not ledger.exists:
        return _no_ledger(wh), ledger
    return ok("ledger", f"version {VERSION}, as this program needs it"), ledger


def _no_ledger(wh: Attached) -> Finding:
    """Check that the first run can create the ledger."""
    schema, exists = wh.ledger_schema, wh.has_schema(wh.ledger_schema)
    quoted = quote(schema)
    if wh.ledger_is_postgres:
        privilege = (
            f"has_schema_privilege({quoted}, 'usage') and has_schema_privilege({quoted}, 'create')"
            if exists
            else "has_database_privilege(current_database(), 'create')"
        )
        query = f"select {privilege} as allowed, current_user::text as who"
        allowed, user = wh.row(f"select allowed, who from {wh.in_ledger(query)}")
        if not allowed:
            grant = f"grant usage, create on schema {name(schema)} to {name(user)}"
            found = f"{user} may not create tables in schema {schema}"
            if not exists:
                grant = f"create schema {name(schema)}; {grant}"
                found = f"schema {schema} does not exist, and {user} may not create it"
            return error("ledger", WarehouseError, found, f"Ask an administrator to run `{grant}`.")
    if exists:
        return ok("ledger", f"schema {schema} exists", "The first run creates the ledger in it.")
    return ok("ledger", "there is none yet", "The first run creates it.")


def schema(wh: Attached, mart: Mart) -> Finding:
    """Check that the marts' schema exists and can be used."""
    if not wh.has_schema(mart.schema):
        found = f"schema {mart.schema} does not exist"
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
    """Check that all uploads of the ledger went to the present destination.

    Raises LedgerError.
    """
    check_destination(wh, ledger, is_local=api.is_local)
    where = "an emulator" if api.is_local else "Metrica"
    uploaded = ledger.exists and wh.rows(
        f"select 1 from {LEDGER}.ledger_uploads where counter_id = ? and status = 'PASSED' limit 1",
        [ledger.counter_id],
    )
    if not uploaded:
        return ok("destination", f"{where}; this counter has no upload yet")
    return ok("destination", f"{where}, as for all earlier uploads")


def last_run(wh: Attached, ledger: Ledger) -> Finding:
    """Report the end of the last run."""
    found = ledger.exists and wh.rows(
        "select run_no, cast(started_at as text), cast(finished_at as text), exit_code, message "
        f"from {LEDGER}.ledger_runs where counter_id = ? order by run_no desc limit 1",
        [ledger.counter_id],
    )
    if not found:
        return ok("last run", "this counter has had no run yet")
    number, started, finished, code, message = found[0]
    if finished is None:
        return warning(
            "last run",
            f"Run {number}, started {started}, did not finish: it is still running or was killed",
            "Fix the reported problem and rerun.",
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
    """Report the remaining requests of the day; requests of other programs are not counted."""
    used = Journal(wh, ledger.counter_id).requests_today() if ledger.exists else 0
    left = max(limit - used, 0)
    found = f"runs of today left {left} of {limit} requests, which are renewed at 00:00 GMT"
    if left == 0:
        return error(
            "quota", MetricaError, found, "Rerun after 00:00 GMT, or raise --daily-requests."
        )
    if left < limit * _SCARCE:
        advice = "Raise --chunk-rows to need fewer requests; the view `uploads` lists them."
        return warning("quota", found, advice)
    return ok("quota", found)


def clocks(wh: Attached | None, metrica: Metrica | None) -> Finding:
    """Compare the clocks of the warehouse, of this machine and of Metrica."""
    ahead = {"this machine": 0.0}
    if wh is not None:
        (seconds,) = wh.row(f"select epoch({wh.now})")
        ahead["the warehouse"] = seconds - time.time()
    metrica_ahead = metrica.clock_ahead() if metrica is not None else None
    if metrica_ahead is not None:
        ahead["Metrica"] = metrica_ahead
    if len(ahead) == 1:
        return ok("clocks", "there is no other clock to compare this machine's with")
    fast, slow = (choose(ahead, key=lambda who: ahead[who]) for choose in (max, min))
    apart = ahead[fast] - ahead[slow]
    if apart <= _MINUTE:
        return ok("clocks", f"{', '.join(ahead)} agree to {apart:.0f} s")
    found = f"{fast} is {apart:.0f} s ahead of {slow}"
    advice = "Set the wrong clock by NTP. The warehouse's clock decides on windows and held dates."
    if apart <= _HOUR:
        return warning("clocks", found, advice)
    reference = ahead.get("Metrica", ahead["this machine"])
    is_warehouse = abs(ahead.get("the warehouse", reference) - reference) > _HOUR
    return error("clocks", WarehouseError if is_warehouse else SettingsError, found, advice)
