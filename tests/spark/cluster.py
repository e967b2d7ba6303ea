"""A cluster of Spark on loopback: a master and workers, each a process of its own."""

import json
import os
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil
import pyspark

from tests.support.ports import HOST, free_port

WORKERS = 2
_SPARK_CLASS = Path(pyspark.__file__).parent / "bin/spark-class"
_EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
_PATIENCE_SECONDS = 90


class ClusterFailedError(RuntimeError):
    """The cluster did not start, or has no executor to kill."""


class Cluster:
    """A master and workers of one core each; leaving the context ends all of their processes."""

    def __init__(self, folder: Path, workers: int = WORKERS, memory: str = "1g") -> None:
        self._folder = folder
        self._memory = memory
        self._names = [f"worker{n}" for n in range(1, workers + 1)]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.events = folder / "events"
        self.events.mkdir(parents=True)
        self.master = f"spark://{HOST}:{free_port()}"

    @property
    def settings(self) -> dict[str, str]:
        """Spark's settings of an application that uses one executor of each worker."""
        return {
            "spark.cores.max": str(len(self._names)),
            "spark.executor.cores": "1",
            "spark.executor.memory": self._memory,
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": f"file://{self.events}",
        }

    def __enter__(self) -> Self:
        """Start the processes and wait until the master knows all workers."""
        try:
            port = self.master.rpartition(":")[2]
            self._start("master", "master.Master", "--port", port)
            for name in self._names:
                work = str(self._folder / name)
                self._start(
                    *(name, "worker.Worker", "--cores", "1", "--memory", self._memory),
                    *("--work-dir", work, self.master),
                )
            self._wait_for_workers()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the cluster."""
        self.stop()

    def stop(self) -> None:
        """End all processes of the cluster."""
        for process in self._processes.values():
            for executor in _children(process.pid):
                with suppress(psutil.Error):
                    executor.kill()
            process.kill()
            process.wait(_PATIENCE_SECONDS)
        self._processes.clear()

    def kill_executor(self, worker: int = 0) -> None:
        """Wait for the executor of a worker and kill it, as an out-of-memory killer would."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for process in _children(self._processes[self._names[worker]].pid):
                # A launcher of the worker may end meanwhile.
                with suppress(psutil.Error):
                    if _EXECUTOR in process.cmdline():
                        process.kill()
                        return
            time.sleep(0.1)
        message = f"{self._names[worker]} has no executor."
        raise ClusterFailedError(message)

    def finished_tasks(self) -> Counter[str]:
        """Return how many tasks ended well on each worker, from the log of events."""
        workers = {
            executor.name: name
            for name in self._names
            for executor in (self._folder / name).glob("app-*/*")
        }
        return Counter(
            workers[event["Task Info"]["Executor ID"]]
            for event in self._logged("SparkListenerTaskEnd")
            if event["Task End Reason"]["Reason"] == "Success"
        )

    def lost_executors(self) -> int:
        """Return how many executors ended before the application, from the log of events."""
        return len(self._logged("SparkListenerExecutorRemoved"))

    def _logged(self, kind: str) -> list[dict[str, dict[str, str]]]:
        lines = [
            line
            for file in self.events.iterdir()
            for line in file.read_text("utf-8").splitlines()
            if f'"Event":"{kind}"' in line
        ]
        return [json.loads(line) for line in lines]

    def _start(self, name: str, kind: str, *arguments: str) -> None:
        options = ("--host", HOST, "--webui-port", "0", *arguments)
        command = [str(_SPARK_CLASS), f"org.apache.spark.deploy.{kind}", *options]
        environment = {
            "PATH": os.environ["PATH"],
            "JAVA_HOME": os.environ.get("JAVA_HOME", ""),
            "SPARK_HOME": str(Path(pyspark.__file__).parent),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_DAEMON_MEMORY": "256m",
        }
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={key: value for key, value in environment.items() if value},
                start_new_session=True,
            )

    def _wait_for_workers(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        log = self._folder / "master.log"
        while log.read_text("utf-8").count("Registering worker") < len(self._names):
            ended = [
                name for name, process in self._processes.items() if process.poll() is not None
            ]
            if ended or time.monotonic() > deadline:
                texts = [
                    f"{name}:\n{(self._folder / f'{name}.log').read_text('utf-8')}"
                    for name in ended
                ]
                message = "The cluster did not start.\n" + "\n".join(texts)
                raise ClusterFailedError(message)
            time.sleep(0.1)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
