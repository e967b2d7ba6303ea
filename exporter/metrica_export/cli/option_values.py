"""The settings of a command, made from the values of its options."""

from pathlib import Path
from typing import Any

from metrica_export.errors import SettingsError
from metrica_export.metrica.formats import MODES
from metrica_export.settings import (
    DbtSettings,
    FailOn,
    Form,
    Gate,
    Limits,
    Options,
    Staging,
)


def check_rows(mart: str | None, key: str | None) -> None:
    """Raise SettingsError for an id without its mart."""
    if key is not None and mart is None:
        raise SettingsError(f"--id {key!r} is given without --mart. Add --mart.")


def dbt_of(given: dict[str, Any]) -> DbtSettings:
    """Return the folders and names of dbt's project and profile, and the filters of its marts."""
    here = Path("dbt_project")
    return DbtSettings(
        project_dir=given["project_dir"] or (here if here.is_dir() else Path()),
        profiles_dir=given["profiles_dir"],
        profile=given["profile"],
        target=given["target"],
        ledger=given["ledger"],
        staging_dir=given["staging_dir"],
        filters=tuple(
            (mart.strip(), condition)
            for mart, _, condition in (text.partition("=") for text in given["filters"])
        ),
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
        limit=given["limit"],
        language=given["lang"],
    )


def explain_options_of(given: dict[str, Any], mart: str) -> Options:
    """Return the settings of `explain` for a mart: those that decide on the next run's rows."""
    mode = next(mode for mode, entities in MODES.items() if mart in [e.name for e in entities])
    return Options(
        dbt=dbt_of(given),
        counter_id=given["counter_id"],
        names=read_only(None, mode),
        limits=Limits(chunk_bytes=given["chunk_bytes"], max_steps=given["max_steps"]),
        form=_form_of({"mode": mode, "json_rows": Form().json_rows} | given),
        staging=Staging(given["staging_dir"], given["memory_mb"]),
        language=given["lang"],
    )


def read_only(names: str | None, mode: str = "detailed") -> tuple[str, ...]:
    """Return the entities of `--only a,b` in the order of work; all of the mode's for None.

    Raises SettingsError for a name that is no mart of that mode.
    """
    marts = tuple(entity.name for entity in MODES[mode])
    if names is None:
        return marts
    wanted = set(_words(names))
    unknown = sorted(wanted - set(marts))
    if unknown or not wanted:
        raise SettingsError(
            f"--only {names!r}: "
            + (f"no mart is called {', '.join(unknown)}. " if unknown else "it names no mart. ")
            + f"Choose from {','.join(marts)}."
        )
    return tuple(name for name in marts if name in wanted)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _form_of(given: dict[str, Any]) -> Form:
    pairs = (text.partition("=") for each in given["merge_modes"] for text in _words(each))
    return Form(
        given["mode"],
        tuple((entity.strip(), merge_mode.strip().upper()) for entity, _, merge_mode in pairs),
        given["json_rows"],
        hold_late=given["late_orders"] == "hold",
    )
