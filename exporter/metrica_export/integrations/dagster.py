"""Dagster: an asset for each mart in Metrica, with checks, and the resource that delivers them."""

import json
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from dagster import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    ConfigurableResource,
    Failure,
    MaterializeResult,
    MetadataValue,
    RetryPolicy,
    multi_asset,
)
from dagster_dbt import DagsterDbtTranslator

from metrica_export.integrations.process import COMMAND, FAIL_ON, GATE, ExportProcess, Finished, Log
from metrica_export.metrica.formats import MODES
from metrica_export.warehouse.dbt_models import metrica_meta, metrica_models

CHECKS = {
    "all_delivered": "Every row of the mart is in Metrica.",
    "gate": "The run exceeds no limit of the gate.",
    "deadlines": "No undelivered order leaves Metrica's window within a day.",
}


class MetricaExport(ConfigurableResource):
    """The settings of the runs. The token is in METRICA_TOKEN.

    `arguments` are further options of `metrica-export run`. `command` starts a `metrica-export`
    of another environment.
    """

    project_dir: str
    counter_id: int
    arguments: list[str] = []  # noqa: RUF012 - Dagster's resources are pydantic models
    command: list[str] = list(COMMAND)  # noqa: RUF012 - the same

    def run(self, marts: Sequence[str], log: Log) -> Finished:
        """Deliver some marts; an interrupt of Dagster ends the run in order."""
        own = ["--counter-id", str(self.counter_id), "--project-dir", self.project_dir]
        return ExportProcess([*own, "--only", ",".join(marts), *self.arguments], self.command).run(
            log
        )


def metrica_assets(
    manifest: Path | str,
    *,
    key_prefix: str = "yandex_metrica",
    mode: str = "detailed",
    translator: DagsterDbtTranslator | None = None,
    retry_policy: RetryPolicy | None = None,
) -> AssetsDefinition:
    """Return one asset for each mart that dbt's manifest declares, and its checks.

    Each asset depends on the mart's dbt model, and orders on their contacts and statuses. The
    resource `metrica_export` is a `MetricaExport`. One run delivers all selected marts.
    `retry_policy` applies to the exit codes that another attempt may help: 3, 4, 5 and 130.
    """
    models = _models(Path(manifest), mode, translator or DagsterDbtTranslator())
    keys = {mart: AssetKey([key_prefix, mart]) for mart in models}
    earlier = [keys[mart] for mart in models if mart in ("order_statuses", "contacts")]
    specs = [
        AssetSpec(
            keys[mart],
            deps=[model, *(earlier if mart == "orders" else [])],
            description=f"The rows of {mart} in Yandex Metrica.",
            group_name=key_prefix,
            kinds={"metrica"},
        )
        for mart, model in models.items()
    ]
    checks = [
        AssetCheckSpec(name, asset=key, description=text)
        for mart, key in keys.items()
        for name, text in CHECKS.items()
        if name != "deadlines" or mart.endswith("orders")
    ]

    @multi_asset(
        name=key_prefix,
        specs=specs,
        check_specs=checks,
        can_subset=True,
        retry_policy=retry_policy,
    )
    def deliver(
        context: AssetExecutionContext, metrica_export: MetricaExport
    ) -> Iterator[MaterializeResult[None] | AssetCheckResult]:
        chosen = {mart: key for mart, key in keys.items() if key in context.selected_asset_keys}
        done = metrica_export.run(list(chosen), context.log.log)
        for mart, key in chosen.items():
            yield from _checks(done, mart, key, context.selected_asset_check_keys)
        if done.exit_code not in (0, FAIL_ON):
            raise Failure(
                done.message, metadata=_run_metadata(done), allow_retries=done.is_retryable
            )
        for mart, key in chosen.items():
            yield MaterializeResult(key, metadata=_metadata(done, mart))

    return deliver


def _models(manifest: Path, mode: str, translator: DagsterDbtTranslator) -> dict[str, AssetKey]:
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    found = {
        metrica_meta(node)["entity"]: translator.get_asset_key(node)
        for node in metrica_models(manifest, nodes)
        if "entity" in metrica_meta(node)
    }
    return {entity.name: found[entity.name] for entity in MODES[mode] if entity.name in found}


def _checks(
    done: Finished, mart: str, key: AssetKey, selected: AbstractSet[AssetCheckKey]
) -> Iterator[AssetCheckResult]:
    """Yield the selected checks of a mart. A mart that was not compared passes none of them."""
    counts = done.counts(mart)
    unsent = {state: counts.get(state) for state in ("rejected", "held", "pending")}
    exceeded = done.result.get("exceeded", {})
    found = {
        "all_delivered": (not any(unsent.values()), AssetCheckSeverity.WARN, unsent),
        "gate": (done.exit_code != GATE, AssetCheckSeverity.ERROR, {"exceeded": exceeded}),
        "deadlines": (
            not counts.get("expiring"),
            AssetCheckSeverity.ERROR,
            {"expiring": counts.get("expiring")},
        ),
    }
    for name, (passed, severity, metadata) in found.items():
        if AssetCheckKey(key, name) in selected:
            yield AssetCheckResult(
                asset_key=key,
                check_name=name,
                passed=bool(counts) and passed,
                severity=severity,
                metadata=metadata,
            )


def _metadata(done: Finished, mart: str) -> dict[str, Any]:
    counts = done.counts(mart)
    shown = ("delivered", "sent", "rejected", "held", "pending", "expiring", "uploads")
    return (
        {"dagster/row_count": counts["rows"]}
        | {name: counts[name] for name in shown}
        | _run_metadata(done)
    )


def _run_metadata(done: Finished) -> dict[str, Any]:
    counter, run_no = done.result.get("counter"), done.result.get("run_no")
    found: dict[str, Any] = {"exit_code": done.exit_code}
    if run_no is not None:
        found["run_no"] = run_no
    if counter is not None:
        address = f"https://metrika.yandex.com/dashboard?id={counter}"
        found["link"] = MetadataValue.url(address)
    return found
