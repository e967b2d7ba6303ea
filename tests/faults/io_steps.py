"""Counts the I/O steps of a run and kills its process at a chosen step.

These are steps:

- each statement on the warehouse, including begin and commit,
- each statement of the lock's own session,
- each request: before it is sent, after each part of its body, and after the response
  arrived but before the exporter reads it,
- each file or folder that is created or removed.

The process is killed before the step happens.
"""

import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import duckdb
import psycopg2
import requests
from psycopg2.extensions import cursor

_WAREHOUSE_STATEMENT = re.compile(r"\bwh\b|^\s*(begin|commit|rollback|copy)\b", re.IGNORECASE)
_VALUE = re.compile(r"'[^']*'|[0-9a-f]{8,}|\d+")


class IoSteps:
    """Counts steps from 1, and kills this process by SIGKILL at step `kill_at_step`."""

    def __init__(self, kill_at_step: int | None) -> None:
        self._kill_at_step = kill_at_step
        self._lock = threading.Lock()
        self.labels: list[str] = []

    def step(self, label: str) -> None:
        """Count one step, or kill the process."""
        with self._lock:
            self.labels.append(label)
            if len(self.labels) == self._kill_at_step:
                os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Wrap the I/O functions of this process until it ends."""
        self._count_duckdb()
        self._count_lock_session()
        self._count_http()
        self._count_files()

    def _count_duckdb(self) -> None:
        connect = duckdb.connect

        # One thread, because the campaign has a run on every core. Without a check of signatures,
        # because it would hash the 17 MB of the PostgreSQL extension in each run.
        light: dict[str, Any] = {"threads": 1, "allow_unsigned_extensions": "true"}

        def with_steps(path: str) -> _ConnectionWithSteps:
            return _ConnectionWithSteps(connect(path, config=light), self.step)

        replace_function(duckdb, "connect", with_steps)

    def _count_lock_session(self) -> None:
        connect, step = psycopg2.connect, self.step

        class CursorWithSteps(cursor):
            def execute(self, query: Any, *args: Any) -> None:  # noqa: ANN401 - as psycopg2 has it
                step(f"lock: {_statement_label(str(query))}")
                super().execute(query, *args)

        def with_steps(*args: Any, **kwargs: Any) -> object:
            step("lock: connect")
            return connect(*args, cursor_factory=CursorWithSteps, **kwargs)

        replace_function(psycopg2, "connect", with_steps)

    def _count_http(self) -> None:
        send, step = requests.adapters.HTTPAdapter.send, self.step

        def with_steps(
            adapter: requests.adapters.HTTPAdapter,
            request: requests.PreparedRequest,
            *args: Any,
            **kwargs: Any,
        ) -> requests.Response:
            path = re.sub(r"^.*/counter/\d+", "", request.url or "").partition("?")[0]
            label = f"http: {request.method} {path or 'counter'}"
            step(f"{label} before request")
            if request.body is not None and not isinstance(request.body, bytes | str):
                request.body = _BodyWithSteps(request.body, lambda: step(f"{label} body part sent"))
            response = send(adapter, request, *args, **kwargs)
            step(f"{label} response received")
            return response

        replace_function(requests.adapters.HTTPAdapter, "send", with_steps)

    def _count_files(self) -> None:
        for owner, function in ((Path, "unlink"), (tempfile, "mkdtemp"), (shutil, "rmtree")):
            replace_function(
                owner, function, _with_step(getattr(owner, function), function, self.step)
            )


def replace_function(owner: object, name: str, value: Callable[..., Any]) -> None:
    """Replace an existing function until the process ends."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name}. Adapt `IoSteps` to the new version.")
    setattr(owner, name, value)


def _with_step(
    function: Callable[..., Any], label: str, step: Callable[[str], None]
) -> Callable[..., Any]:
    def with_steps(*args: Any, **kwargs: Any) -> object:
        step(f"file: {label}")
        return function(*args, **kwargs)

    return with_steps


class StreamedBody(Protocol):
    """A request body that `requests` streams."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class _BodyWithSteps:
    """A streamed body with a step after each part."""

    def __init__(self, body: StreamedBody, step: Callable[[], None]) -> None:
        self._body, self._step = body, step

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> Iterator[bytes]:
        for part in self._body:
            yield part
            self._step()


class _ConnectionWithSteps:
    """A DuckDB connection whose statements on the warehouse are steps."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, step: Callable[[str], None]) -> None:
        self._connection, self._step = connection, step
        self._uses_warehouse = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, *args: Any) -> duckdb.DuckDBPyConnection:
        if sql in {"use wh", "use memory"}:
            # This changes only where DuckDB looks names up. Nothing reaches the warehouse.
            self._uses_warehouse = sql == "use wh"
        elif self._uses_warehouse or _WAREHOUSE_STATEMENT.search(sql):
            self._step(f"sql: {_statement_label(sql)}")
        return self._connection.execute(sql, *args)

    def rollback(self) -> duckdb.DuckDBPyConnection:
        self._step("sql: rollback")
        return self._connection.rollback()

    def cursor(self) -> "_ConnectionWithSteps":
        return _ConnectionWithSteps(self._connection.cursor(), self._step)


def _statement_label(sql: str) -> str:
    """Return the beginning of a statement, with `?` in place of its values."""
    return " ".join(_VALUE.sub("?", sql).split())[:60]
