"""Checks of the counter before a run: the time zone of its times."""

from metrica_export.errors import SettingsError
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import Kind
from metrica_export.metrica.time_zones import same_zone
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import time_zone
from metrica_export.warehouse.dbt_manifest import Mart


def check_time_zone(metrica: Metrica, marts: list[Mart], wh: Attached) -> None:
    """Refuse marts whose times are not in the counter's zone; SettingsError names both zones.

    A shift of an hour would tie orders to other visits, or to none (contacts-data).
    """
    theirs = metrica.time_zone()
    for mart in marts:
        if all(column.kind is not Kind.DATETIME for column in mart.columns):
            continue
        ours = time_zone(wh, mart)
        if not same_zone(ours, theirs):
            raise SettingsError(
                f"The counter's time zone is {theirs} and the times of mart {mart.name} are in "
                f"{ours}: set dbt's var `counter_time_zone: {theirs}`, and see that "
                "`dbt build --full-refresh` ends without an error."
            )
