"""The benchmark's own PostgreSQL: durable, as a warehouse is, and gone at the end."""

import subprocess
from contextlib import suppress

import psutil

from tests.support.postgres_binaries import in_wheel, installed
from tests.support.postgres_fixture import RunningPostgres

_SETTINGS = """
fsync = on
full_page_writes = on
shared_buffers = 1GB
max_wal_size = 8GB
"""


class BenchPostgres(RunningPostgres):
    """A server on loopback that loses nothing of what it has committed."""

    def __init__(self) -> None:
        """Start it with an installed PostgreSQL, else with the one in the wheel."""
        super().__init__(installed() or in_wheel())
        self.psql = self._binaries / "psql"

    def _initialise(self) -> None:
        super()._initialise()
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(_SETTINGS)

    def version(self) -> str:
        """Return its name and number."""
        said = subprocess.check_output([self.psql, "--version"], text=True)
        return said.strip().replace("psql (PostgreSQL)", "PostgreSQL")

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes since it was started."""
        server = psutil.Process(self._process.pid)  # type: ignore[union-attr]
        own = server.cpu_times()
        # What has ended counts with the server, what is still running does not.
        total = own.user + own.system + own.children_user + own.children_system
        for process in server.children():
            with suppress(psutil.NoSuchProcess):
                # One that ends meanwhile counts with the server.
                times = process.cpu_times()
                total += times.user + times.system
        return total
