"""Errors while the snapshots of Iceberg tables are read."""

from pathlib import Path

import pyarrow as pa
import pytest
from metrica_export.errors import WarehouseError
from metrica_export.warehouse.iceberg import IcebergMarts
from metrica_export.warehouse.iceberg_profile import Iceberg
from metrica_export.warehouse.iceberg_snapshots import Snapshot, pin, read_snapshots
from pyiceberg.catalog.sql import SqlCatalog

ORDERS = ("metrica", "orders")


@pytest.fixture
def lake(tmp_path: Path) -> Iceberg:
    """Return a catalog with one table of one row."""
    place = f"{tmp_path}/catalog.db"
    profile = Iceberg("spark", "lake", place, f"file://{tmp_path}/lake", f"sqlite:///{place}")
    rows = pa.table({"id": ["o1"]})
    with SqlCatalog("lake", uri=profile.uri, warehouse=profile.warehouse) as catalog:
        catalog.create_namespace("metrica")
        catalog.create_table(ORDERS, schema=rows.schema).append(rows)
    return profile


def test_read_snapshots_reports_a_killed_process(
    lake: Iceberg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    with pytest.raises(WarehouseError, match="ended with code -9"):
        read_snapshots(lake, [ORDERS])


@pytest.mark.parametrize("pattern", ["*.metadata.json", "snap-*.avro", "*-m0.avro"])
def test_pin_names_the_table_of_a_damaged_metadata_file(
    pattern: str, lake: Iceberg, tmp_path: Path
) -> None:
    assert [len(each.files) for each in pin(lake, [ORDERS])] == [1]
    for file in (tmp_path / "lake" / "metrica" / "orders" / "metadata").glob(pattern):
        file.write_bytes(b"{}")
    with pytest.raises(WarehouseError, match=r"metadata of table metrica\.orders"):
        pin(lake, [ORDERS])


def test_find_lost_reports_only_files_that_are_gone(lake: Iceberg, tmp_path: Path) -> None:
    file = tmp_path / "part.parquet"
    file.touch()
    marts = IcebergMarts(lake, [ORDERS], [Snapshot(ORDERS, 7, (str(file),), ())])
    assert marts.find_lost(f'Cannot open file "{file}": Permission denied') is None
    file.unlink()
    lost = marts.find_lost(f'Cannot open file "{file}": No such file or directory')
    assert "metrica.orders, snapshot 7, is gone" in str(lost)
