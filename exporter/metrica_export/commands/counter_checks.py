"""Checks of the counter before a run: the time zone of its times."""

from metrica_export.errors import SettingsError
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.time_zones import same_zone
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import time_zone
from metrica_export.warehouse.dbt_manifest import Mart


def check_time_zone(metrica: Metrica, marts: list[Mart], wh: Attached) -> None:
    """Raise SettingsError for a mart whose times are not in the counter's zone.

    A shift of an hour would tie orders to other visits, or to none (page "Customer data
    format").
    """
    counter_zone = metrica.time_zone()
    for mart in marts:
        if not mart.has_times:
            continue
        mart_zone = time_zone(wh, mart)
        if not same_zone(mart_zone, counter_zone):
            raise SettingsError(
                f"The counter's time zone is {counter_zone}, but the times of mart {mart.name} "
                f"are in {mart_zone}. Set dbt's var `counter_time_zone: {counter_zone}`, run "
                "`dbt build --full-refresh` until it succeeds, and rerun."
            )
