"""A Spark Connect server of a pip package of Spark, on a port of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from d4p.hadoop.java import prepare


@contextlib.contextmanager
def server(pyspark: Path, version: str, folder: Path, python: str = sys.executable) -> Iterator[str]:
    """The address of a server that lives within this; `pyspark` is the folder of the package, `python` runs its
    workers, `folder` is for its files."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PYSPARK_PYTHON": python, "SPARK_NO_DAEMONIZE": "1"}
    prepare(environment, version, quiet=True)
    settings = {
        "spark.connect.grpc.binding.port": port, "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.ui.enabled": "false", "spark.local.dir": folder, "spark.sql.artifact.isolation.enabled": "true",
    }  # fmt: skip
    command = [pyspark / "bin" / "spark-submit", "--master", "local[2]",
               *(word for key, value in settings.items() for word in ("--conf", f"{key}={value}")),
               "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]  # fmt: skip
    log = folder / "server.log"
    with open(log, "wb") as file:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=file, stderr=file,
                                   start_new_session=True)  # fmt: skip
    try:
        _wait_for(port, process, log)
        yield f"sc://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


def _wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.3)
    raise AssertionError(log.read_text())
