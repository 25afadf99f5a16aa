"""Connections that say nothing, say it slowly, or are too many; and a server that is told to stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.api.support import ROOT, sqlite_url
from tests.support import PATIENCE, wait_until


def ask(port: int, path: str = "/healthz") -> bytes:
    """The first bytes of an answer, on a connection of its own; empty where there is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            return connection.recv(15)
    except OSError:
        return b""


@contextmanager
def serving(directory: Path, **environment: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The real command on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "ADMISSION_DATABASE_URL": sqlite_url(directory),
        "ADMISSION_LOG_LEVEL": "ERROR",
        "ADMISSION_ENGINE": "reference",
        "ADMISSION_PORT": str(port),
        **environment,
    }
    command = [sys.executable, "-c", "from api.commands.app import app; app()", "serve"]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
    try:
        wait_until(
            lambda: process.poll() is not None or ask(port) == b"HTTP/1.1 200 OK", "it serves"
        )
        assert process.poll() is None
        yield port, process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    limits = {"CONNECTIONS": "40", "HEAD_SECONDS": "0.5", "BODY_SECONDS": "0.5"}
    given = {f"ADMISSION_{k}": v for k, v in limits.items()}
    with serving(tmp_path_factory.mktemp("serving"), **given) as (port, _):
        yield port


@pytest.mark.parametrize("said", [b"", b"GET /heal", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_half_a_head_is_not_waited_for(impatient: int, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", impatient), PATIENCE) as connection:
        connection.sendall(said)
        assert closed(connection)


def test_half_a_head_after_a_request_is_not_waited_for(impatient: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient), PATIENCE) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        connection.sendall(b"GET /he")
        assert closed(connection)


@pytest.mark.parametrize("path", ["/api/v1/evaluations", "/assess/upload", "/rules/try/check"])
def test_half_a_body_is_refused(impatient: int, path: str) -> None:
    kind = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 9\r\n\r\n{{"
    with socket.create_connection(("127.0.0.1", impatient), PATIENCE) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 408"


def test_one_address_gets_half_of_the_connections(impatient: int) -> None:
    with ExitStack() as held:
        for _ in range(60):
            held.enter_context(socket.create_connection(("127.0.0.1", impatient), PATIENCE))
        # Another address of this machine is another source.
        with socket.socket() as other:
            other.settimeout(PATIENCE)
            other.bind(("127.0.0.2", 0))
            other.connect(("127.0.0.1", impatient))
            other.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert other.recv(15) == b"HTTP/1.1 200 OK"
    wait_until(lambda: ask(impatient) == b"HTTP/1.1 200 OK", "the places are free again")


def closed(connection: socket.socket) -> bool:
    """Whether the other side closes; waits for it, and for whatever it says before."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        pass
    return True


def test_it_stops_within_its_grace_whatever_it_is_at(tmp_path: Path) -> None:
    with (
        serving(tmp_path, ADMISSION_GRACE_SECONDS="1") as (port, process),
        ExitStack() as held,
    ):
        for said in (
            b"",
            b"POST /api/v1/evaluations HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
        ):
            for _ in range(20):
                connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
                held.enter_context(connection).sendall(said)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM, -signal.SIGALRM)
