"""Several workers of one server count together: requests, decisions, the rate limit, failed logins.

The server is a real one, started by the command; every request comes on a connection of its own, so
that the kernel hands them to all workers.
"""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx2
import pytest

from tests.api.support import example
from tests.oidc.process import free_port
from tests.support import PATIENCE

WORKERS = 2
RATE = 40  # A minute.
# Made once: a client would load the authorities' certificates for every request.
PLAIN = ssl.create_default_context()


PLACES = count(1)


def came_from(source: str | None = None) -> dict[str, str]:
    """What a reverse proxy adds; without ``source``, a place nothing came from before."""
    n = next(PLACES)
    return {"x-forwarded-for": source or f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"}


class Server:
    """The address of a running server and where it keeps what its workers share."""

    def __init__(self, port: int, directory: Path, process: subprocess.Popen[bytes]) -> None:
        self.address, self.directory, self.process = f"http://127.0.0.1:{port}", directory, process

    def get(self, path: str, source: str | None = None) -> httpx2.Response:
        """One request on a new connection, from a place of its own, so that no limit is met."""
        with httpx2.Client(verify=PLAIN, timeout=300, headers=came_from(source)) as client:
            return client.get(f"{self.address}{path}")

    def many(self, path: str, times: int, source: str | None = None) -> Counter[int]:
        """How often each status came, for ``times`` requests from several clients at once."""
        with ThreadPoolExecutor(8) as pool:
            return Counter(pool.map(lambda _: self.get(path, source).status_code, range(times)))

    @property
    def workers(self) -> set[int]:
        """The process numbers of workers that have counted something."""
        files = self.directory.glob("admission-*/metrics/counter_*.db")
        return {int(f.stem.partition("_")[2]) for f in files}

    def spread(self, path: str) -> int:
        """Send requests until both workers have answered some; how many were sent."""
        sent = 0
        while len(self.workers) < WORKERS and sent < 5000:
            sent += sum(self.many(path, 40).values())
        assert len(self.workers) >= WORKERS, "one worker answered everything"
        return sent

    def metric(self, pattern: str) -> float:
        """The sum of the samples that match, as Prometheus reads them."""
        text = self.get("/metrics").text
        found = re.findall(rf"^{pattern} (\S+)$", text, re.MULTILINE)
        return sum(map(float, found))


@contextmanager
def serving(directory: Path, **environment: str) -> Iterator[Server]:
    """A server with two workers."""
    port = free_port()
    env = {
        **os.environ,
        "ADMISSION_DATABASE_URL": f"sqlite:///{directory}/admission.db",
        "ADMISSION_LOG_LEVEL": "ERROR",
        "TMPDIR": str(directory),
        **environment,
    }
    command = [sys.executable, "-c", "from api.commands.app import app; app()", "serve"]
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--workers", str(WORKERS)],
            env=env,
            stdout=log,
            stderr=log,
        )
    server = Server(port, directory, process)
    try:
        end = time.monotonic() + 600
        while time.monotonic() < end and process.poll() is None:
            try:
                if server.get("/readyz").status_code == 200:
                    break
            except httpx2.HTTPError:
                time.sleep(0.1)
        else:
            raise RuntimeError((directory / "server.log").read_text("utf-8"))
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server behind a proxy; what its workers share goes when it ends."""
    directory = tmp_path_factory.mktemp("workers")
    behind = {"ADMISSION_TRUST_FORWARDED": "true", "ADMISSION_RATE_LIMIT": str(RATE)}
    with serving(directory, **behind) as found:
        yield found
        directories = list(directory.glob("admission-*"))
        assert len(directories) == 1
    assert not directories[0].exists()
    assert found.process.returncode == 0


def test_the_rate_limit_is_for_all_workers_together(server: Server) -> None:
    one = "192.0.2.7"
    server.spread("/healthz")
    start = time.monotonic()
    answers = server.many("/api/v1/rulesets/current", 4 * RATE, one)
    # What comes back within the time that this took, and nothing else, is beyond the limit.
    returned = (time.monotonic() - start) * RATE / 60
    assert RATE <= answers[200] <= RATE + returned + 1
    assert answers[200] + answers[429] == 4 * RATE
    end = time.monotonic() + PATIENCE
    refused = server.get("/api/v1/rulesets/current", one)
    while refused.status_code == 200:
        assert time.monotonic() < end, "nothing was refused any more"
        refused = server.get("/api/v1/rulesets/current", one)
    assert 1 <= int(refused.headers["retry-after"]) <= 2
    assert server.get("/healthz", one).status_code == 200


def test_decisions_are_counted_for_all_workers_together(server: Server) -> None:
    made = subprocess.run(
        [
            sys.executable,
            "-c",
            "from api.commands.app import app; app()",
            "accounts",
            "create",
            "li",
            "--role",
            "submitter",
            "--database-url",
            f"sqlite:///{server.directory}/admission.db",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    password = made.stdout.strip().splitlines()[-1].rpartition("：")[2]
    server.spread("/api/v1/rulesets/current")
    session = httpx2.post(
        f"{server.address}/api/v1/session", json={"name": "li", "password": password}
    )
    cookies = {"admission_session": session.cookies["admission_session"]}

    def submit(_: int) -> int:
        with httpx2.Client(
            base_url=server.address, cookies=cookies, timeout=300, headers=came_from()
        ) as client:
            return client.post("/api/v1/projects", json=example("r01")).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(submit, range(30))) == {201}
    assert server.metric(re.escape('admission_decisions_total{verdict="refer"}')) == 30


def test_failed_logins_are_counted_for_all_workers_together(server: Server) -> None:
    server.spread("/api/v1/rulesets/current")
    given = {"name": "nobody", "password": "guess"}
    address = f"{server.address}/api/v1/session"
    answers = [
        httpx2.post(address, json=given, timeout=300, verify=PLAIN).status_code for _ in range(12)
    ]
    assert answers == [401] * 8 + [429] * 4


def test_metrics_are_of_all_workers(server: Server) -> None:
    """The last of the tests that share the server: it kills a worker."""
    route = re.escape('{method="GET",route="/api/v1/rulesets/current",status="200"}')
    total = f"admission_http_requests_total{route}"
    server.spread("/api/v1/rulesets/current")
    seconds = re.escape(
        'admission_http_seconds_count{method="GET",route="/api/v1/rulesets/current"}'
    )
    sent = int(server.metric(total))
    sent += sum(server.many("/api/v1/rulesets/current", 60).values())
    # Whichever worker is asked, it tells of all.
    assert {server.metric(total) for _ in range(12)} == {float(sent)}
    assert server.metric(seconds) == sent
    # A worker that dies takes nothing along, and the one after it counts on.
    victim = min(server.workers)
    os.kill(victim, signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while len(server.workers) <= WORKERS:
        assert time.monotonic() < end, "no worker took the place of the dead one"
        try:
            sent += server.get("/api/v1/rulesets/current").status_code == 200
        except httpx2.HTTPError:
            continue  # It was on its way to the dead one.
    assert {server.metric(total) for _ in range(12)} == {float(sent)}
