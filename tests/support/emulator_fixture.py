"""Metrica's emulator as a real process, for any test that needs a Metrica."""

import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

_SECONDS = 20


class RunningEmulator:
    """A started emulator on a free loopback port; use it as a context manager.

    `restart` keeps the state, the port and the token. Switches given at the start hold
    after a restart; those set later, faults, quotas and the clock do not.
    """

    def __init__(
        self,
        state: Path | None = None,
        *,
        counter: int = 2215573,
        token: str = "a-made-up-token",  # noqa: S107 - it opens nothing
        time_zone: str = "Europe/Moscow",
        **switches: object,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="emulator-")
        self.state = state or Path(self._folder.name) / "state.sqlite"
        self.counter = counter
        self.token = token
        self._time_zone = time_zone
        self._switches = switches
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def crm(self) -> str:
        """The base URL of the CRM methods of the counter."""
        return f"{self.url}/cdp/api/v1/counter/{self.counter}"

    @property
    def authorization(self) -> dict[str, str]:
        """The header that every call needs."""
        return {"Authorization": f"OAuth {self.token}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start the process, unless it runs, and wait until it listens."""
        if self._process is not None:
            return
        command = [sys.executable, "-m", "metrica_emulator"]
        command += ["--port", str(self._port), "--counter", str(self.counter)]
        command += ["--token", self.token, "--state", str(self.state)]
        command += ["--time-zone", self._time_zone]
        for name, value in self._switches.items():
            command += ["--switch", f"{name}={value}"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        line = process.stderr.readline() if process.stderr else ""
        announced = re.search(r"listens on http://127\.0\.0\.1:(\d+),", line)
        if not announced:
            process.kill()
            rest = process.communicate()[1]
            raise RuntimeError(f"The emulator did not start: {line}{rest}")
        self._process, self._port = process, int(announced[1])

    def stop(self) -> str:
        """Stop the process cleanly; return what else it wrote to standard error."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once, without a chance to tidy up."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start again: same port, same state."""
        self.stop()
        self.start()

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the state file, while the emulator runs or after it."""
        connection = sqlite3.connect(self.state, timeout=_SECONDS)
        try:
            return connection.execute(query, parameters).fetchall()
        finally:
            connection.close()

    def reset(self) -> None:
        """Make it as empty and as obliging as after its first start."""
        self._debug("reset", {})

    def fault(self, fault: str, match: str = "", **fields: object) -> None:
        """Queue a fault, such as `fault("status:503", "POST /data/orders/csv", times=2)`."""
        self._debug("faults", {"fault": fault, "match": match, **fields})

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that are still waiting."""
        answer = requests.get(f"{self.url}/debug/faults", timeout=_SECONDS)
        waiting: list[dict[str, Any]] = answer.json()["faults"]
        return waiting

    def clear_faults(self) -> None:
        """Forget the faults that are still waiting."""
        requests.delete(f"{self.url}/debug/faults", timeout=_SECONDS).raise_for_status()

    def switches(self, **values: object) -> None:
        """Change switches of the running process."""
        self._debug("switches", values)

    def quotas(self, **values: int) -> None:
        """Change limits of the running process."""
        self._debug("quotas", values)

    def move_clock(self, seconds: float) -> None:
        """Set the clock that far ahead of the real one."""
        self._debug("now", {"offset_seconds": seconds})

    def goals(self, *ids: str) -> None:
        """Give the counter JavaScript goals."""
        self._debug("javascript_goals", list(ids))

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Call a CRM method of the counter with the token, such as `/last_uploadings`."""
        return self.call_url(method, f"{self.crm}{path}", **arguments)

    def call_url(self, method: str, url: str, **arguments: Any) -> requests.Response:
        """Call any URL with the token."""
        return requests.request(
            method,
            url,
            headers=self.authorization | arguments.pop("headers", {}),
            timeout=_SECONDS,
            **arguments,
        )

    def upload(
        self, path: str, content: str | bytes, mode: str = "SAVE", **parameters: str
    ) -> requests.Response:
        """Upload a CSV file to such a path as `/data/orders/csv`."""
        data = content.encode() if isinstance(content, str) else content
        return self.call(
            "POST",
            path,
            params={"merge_mode": mode, **parameters},
            files={"file": ("data.csv", data, "text/csv")},
        )

    def _debug(self, name: str, content: object) -> None:
        answer = requests.post(f"{self.url}/debug/{name}", json=content, timeout=_SECONDS)
        if not answer.ok:
            raise ValueError(answer.json()["message"])

    def _end(self, number: signal.Signals) -> str:
        if self._process is None:
            return ""
        self._process.send_signal(number)
        rest = self._process.communicate(timeout=_SECONDS)[1]
        self._process = None
        return rest
