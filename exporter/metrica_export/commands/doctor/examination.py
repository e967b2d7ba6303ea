"""The doctor checks everything that a run depends on, and sends no data.

Every check is made, even after another one failed. Checks that need the result of a failed
check are listed as skipped. Checks that need no network come first.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from metrica_export.commands.doctor import metrica_checks, warehouse_checks
from metrica_export.commands.doctor.finding import Finding, ok
from metrica_export.commands.doctor.left_out import examine_left_out
from metrica_export.errors import ExportError, InterruptedRunError
from metrica_export.metrica.access import TOKEN_VARIABLE, Api, read_api
from metrica_export.metrica.formats import ORDER_STATUSES
from metrica_export.plurals import counted
from metrica_export.settings import Options
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Marts, read_marts
from metrica_export.warehouse.dbt_profile import read_warehouse
from metrica_export.warehouse.dbt_seeds import check_seeds
from metrica_export.warehouse.session import open_session

T = TypeVar("T")


@dataclass(slots=True)
class Examination:
    """The findings in the order of the checks, and the skipped checks.

    `report` gets each finding as soon as its check has ended.
    """

    report: Callable[[Finding], None]
    findings: list[Finding] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """Return the exit code with which a run would end: that of the first error, or 0."""
        return next((f.exit_code for f in self.findings if f.level == "error"), 0)

    def open(self, check: str, at: Callable[..., tuple[Finding, T]], *needs: object) -> T | None:
        """Make a check that other checks need; return its value, or None if it fails."""
        if any(need is None for need in needs):
            self.skipped.append(check)
            return None
        try:
            finding, opened = at(*needs)
        except InterruptedRunError:
            raise
        except ExportError as error:
            self._add(Finding(check, "error", str(error), "", error.exit_code))
            return None
        self._add(finding)
        return opened

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        self.report(finding)

    def make(self, check: str, at: Callable[..., Finding], *needs: object) -> None:
        """Make a check, or skip it if one of its needs is None."""
        self.open(check, lambda *given: (at(*given), None), *needs)


def _drop(_: Finding) -> None:
    """Report nothing."""


def examine(
    options: Options, api_url: str, report: Callable[[Finding], None] = _drop
) -> Examination:
    """Return the findings; `report` gets each one as soon as its check has ended.

    Makes about ten requests to Metrica, and sends no data. Gives an unreachable network up after
    two attempts.
    """
    found = Examination(report)
    with ExitStack() as stack:
        found.make("seeds", _seeds, options)
        marts = found.open("settings", _settings, options)
        wh = found.open("warehouse", partial(_warehouse, options, stack), marts)
        ledger = found.open("ledger", warehouse_checks.version, wh, options.counter_id)
        api = found.open("token", _token, api_url, options.counter_id)
        limit = options.limits.daily_requests
        found.make("extension", warehouse_checks.extension, wh)
        found.make("destination", warehouse_checks.destination, wh, ledger, api)
        found.make("last run", warehouse_checks.last_run, wh, ledger)
        found.make("quota", warehouse_checks.quota, wh, ledger, limit)
        if options.dbt.filters:
            found.make("filters", warehouse_checks.filters, marts, options.counter_id)
        every = marts.all if marts else ()
        readable = {
            mart.name: found.open(f"mart {mart.name}", warehouse_checks.contract, wh, mart)
            for mart in every
        }
        found.make("left out", examine_left_out, wh, marts)
        metrica, zone = found.open("access", metrica_checks.access, api, limit) or (None, None)
        if metrica:
            found.make("scope", partial(metrica_checks.scope, wh, ledger), api)
        found.make("uploads", metrica_checks.uploads, metrica, wh, ledger, zone)
        found.make("first-party data", metrica_checks.first_party_data, metrica)
        found.make("clocks", lambda: warehouse_checks.clocks(wh, metrica))
        found.make("time zone", partial(metrica_checks.zone, wh=wh), zone, marts)
        for mart in every:
            if mart.attributes:
                check = f"attributes of {mart.name}"
                found.make(check, metrica_checks.attributes, metrica, mart)
            if mart.entity is ORDER_STATUSES:
                mapped = readable[mart.name]
                found.make("statuses", metrica_checks.mapping, metrica, wh, mapped, ledger)
                found.make("goals", metrica_checks.goals, metrica, wh, mapped)
        if not marts:
            found.skipped += ["marts", "attributes", "statuses", "goals"]
    return found


def _seeds(options: Options) -> Finding:
    checked = counted(check_seeds(options.dbt), "seed file")
    return ok("seeds", f"{checked} of the dbt project checked for UTF-8")


def _settings(options: Options) -> tuple[Finding, Marts]:
    profile = read_warehouse(options.dbt)
    marts = read_marts(options.dbt, profile)
    found = f"target {profile.target!r} ({profile.kind}), {len(marts.all)} marts in dbt's manifest"
    return ok("settings", found), marts


def _warehouse(options: Options, stack: ExitStack, marts: Marts) -> tuple[Finding, Attached]:
    session = stack.enter_context(open_session(options.dbt, read_only=True))
    return warehouse_checks.schema(session.wh, marts.all[0]), session.wh


def _token(api_url: str, counter_id: int) -> tuple[Finding, Api]:
    api = read_api(api_url, counter_id)
    return ok("token", f"{TOKEN_VARIABLE} is set; it is sent to {api.url} only"), api
