"""The settings of a command, made from the values of its options."""

from pathlib import Path
from typing import Any

from metrica_export.errors import SettingsError
from metrica_export.settings import (
    DbtSettings,
    FailOn,
    Form,
    Gate,
    Limits,
    Options,
    Staging,
    read_only,
)


def check_rows(mart: str | None, key: str | None) -> None:
    """Raise SettingsError for an id without its mart."""
    if key is not None and mart is None:
        raise SettingsError(f"--id {key!r} alone names no row: give --mart too.")


def dbt_of(given: dict[str, Any]) -> DbtSettings:
    """Return the folders and names of dbt's project and profile."""
    here = Path("dbt_project")
    return DbtSettings(
        project_dir=given["project_dir"] or (here if here.is_dir() else Path()),
        profiles_dir=given["profiles_dir"],
        profile=given["profile"],
        target=given["target"],
        staging_dir=given["staging_dir"],
    )


def options_of(given: dict[str, Any]) -> Options:
    """Return the settings of `run` or `plan`. Raises SettingsError for an invalid value."""
    names = ("chunk_rows", "chunk_bytes", "split_requests", "daily_requests", "max_steps")
    limits = Limits(**{name: given[name] for name in names})
    return Options(
        dbt=dbt_of(given),
        counter_id=given["counter_id"],
        names=read_only(given["only"], given["mode"]),
        everything=given["reconcile"],
        limits=limits,
        form=_form_of(given),
        gate=Gate(
            given["max_paid_percent"],
            given["max_erased"],
            given["max_shrink_percent"],
            frozenset(_words(given["accept"] or "")),
            given["max_unsendable_percent"],
        ),
        staging=Staging(given["staging_dir"], given["memory_mb"]),
        saved_plan=given.get("saved_plan"),
        fail_on=FailOn.parse(given["fail_on"]),
        erase_vanished=given["erase_vanished"],
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _form_of(given: dict[str, Any]) -> Form:
    pairs = (text.partition("=") for each in given["merge_modes"] for text in _words(each))
    return Form(
        given["mode"],
        tuple((entity, merge_mode) for entity, _, merge_mode in pairs),
        given["json_rows"],
        hold_late=given["late_orders"] == "hold",
    )
