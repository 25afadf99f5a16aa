"""A Spark master and workers on loopback, for tests and benchmarks."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WAIT = 60.0


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _listening(port: int) -> bool:
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def cluster(directory: Path, workers: int = 1, cores: int = 1) -> Iterator[str]:
    """The address of a standalone master with ``workers`` workers of ``cores`` cores each."""
    import pyspark

    home = Path(pyspark.__file__).parent
    port, ui = _free_port(), _free_port()
    env = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOG_DIR": str(directory),
        "SPARK_NO_DAEMONIZE": "1",
    }
    command = str(home / "bin" / "spark-class")
    master = f"spark://127.0.0.1:{port}"
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> None:
        log = (directory / f"spark-{len(running)}.log").open("wb")
        running.append(subprocess.Popen([command, *arguments], env=env, stdout=log, stderr=log))

    try:
        start(
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--webui-port",
            str(ui),
        )
        end = time.monotonic() + WAIT
        while not _listening(port):
            if time.monotonic() > end or running[0].poll() is not None:
                raise RuntimeError("the Spark master did not start")
            time.sleep(0.2)
        for _ in range(workers):
            start(
                "org.apache.spark.deploy.worker.Worker",
                "--host",
                "127.0.0.1",
                "--cores",
                str(cores),
                "--memory",
                "1g",
                "--webui-port",
                str(_free_port()),
                "--work-dir",
                str(directory),
                master,
            )
        yield master
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(timeout=30)
