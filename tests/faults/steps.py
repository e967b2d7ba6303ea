"""The I/O steps of a run, counted, so that a run can be killed at any one of them.

Steps are: each statement on the warehouse, begin and commit included; each statement of the
lock's own session; each request before it is sent, after each part of its body, and after
the server has answered but before the answer is read; each file or folder written or
removed. A kill at a step is a kill before it happens.
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

_ON_WAREHOUSE = re.compile(r"\bwh\b|^\s*(begin|commit|rollback|copy)\b", re.IGNORECASE)
_NO_DETAIL = re.compile(r"'[^']*'|[0-9a-f]{8,}|\d+")


class Steps:
    """Counts steps, and ends this very process by SIGKILL at step `kill_at`, the first being 1."""

    def __init__(self, kill_at: int | None) -> None:
        self._kill_at = kill_at
        self._lock = threading.Lock()
        self.labels: list[str] = []

    def step(self, label: str) -> None:
        """Count one step; does not return from the one that kills."""
        with self._lock:
            self.labels.append(label)
            if len(self.labels) == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Wrap the I/O of this process for as long as it lives."""
        self._wrap_duckdb()
        self._wrap_lock()
        self._wrap_http()
        self._wrap_files()

    def _wrap_duckdb(self) -> None:
        connect = duckdb.connect

        # One thread each: the campaign has a run at work on every core already.
        def counted(path: str) -> _Counted:
            return _Counted(connect(path, config={"threads": 1}), self.step)

        replace(duckdb, "connect", counted)

    def _wrap_lock(self) -> None:
        connect, step = psycopg2.connect, self.step

        class CountedCursor(cursor):
            def execute(self, query: Any, *args: Any) -> None:  # noqa: ANN401 - as it is
                step(f"lock: {_shape(str(query))}")
                super().execute(query, *args)

        def counted(*args: Any, **kwargs: Any) -> object:
            step("lock: connect")
            return connect(*args, cursor_factory=CountedCursor, **kwargs)

        replace(psycopg2, "connect", counted)

    def _wrap_http(self) -> None:
        send, step = requests.adapters.HTTPAdapter.send, self.step

        def counted(
            adapter: requests.adapters.HTTPAdapter,
            request: requests.PreparedRequest,
            *args: Any,
            **kwargs: Any,
        ) -> requests.Response:
            path = re.sub(r"^.*/counter/\d+", "", request.url or "").partition("?")[0]
            label = f"http: {request.method} {path or 'counter'}"
            step(f"{label} unsent")
            if request.body is not None and not isinstance(request.body, bytes | str):
                request.body = _CountedBody(request.body, lambda: step(f"{label} half sent"))
            answer = send(adapter, request, *args, **kwargs)
            step(f"{label} answered")
            return answer

        replace(requests.adapters.HTTPAdapter, "send", counted)

    def _wrap_files(self) -> None:
        for owner, function in ((Path, "unlink"), (tempfile, "mkdtemp"), (shutil, "rmtree")):
            replace(owner, function, _before(getattr(owner, function), function, self.step))


def replace(owner: object, name: str, value: Callable[..., Any]) -> None:
    """Put another function in place of one that is there, for as long as the process lives."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name} any more: its replacement must be rewritten.")
    setattr(owner, name, value)


def _before(
    function: Callable[..., Any], label: str, step: Callable[[str], None]
) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> object:
        step(f"file: {label}")
        return function(*args, **kwargs)

    return counted


class Body(Protocol):
    """What `requests` streams."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class _CountedBody:
    """A streamed body; a step follows each of its parts."""

    def __init__(self, body: Body, step: Callable[[], None]) -> None:
        self._body, self._step = body, step

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> Iterator[bytes]:
        for part in self._body:
            yield part
            self._step()


class _Counted:
    """A DuckDB connection whose statements on the warehouse are steps."""

    def __init__(self, counted: duckdb.DuckDBPyConnection, step: Callable[[str], None]) -> None:
        self._connection, self._step = counted, step
        self._inside = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, *args: Any) -> duckdb.DuckDBPyConnection:
        if sql in {"use wh", "use memory"}:
            # Where names are looked up from here on; nothing reaches the warehouse.
            self._inside = sql == "use wh"
        elif self._inside or _ON_WAREHOUSE.search(sql):
            self._step(f"sql: {_shape(sql)}")
        return self._connection.execute(sql, *args)

    def rollback(self) -> duckdb.DuckDBPyConnection:
        self._step("sql: rollback")
        return self._connection.rollback()

    def cursor(self) -> "_Counted":
        return _Counted(self._connection.cursor(), self._step)


def _shape(sql: str) -> str:
    """Return the beginning of a statement without its values."""
    return " ".join(_NO_DETAIL.sub("?", sql).split())[:60]
