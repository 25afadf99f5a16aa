"""POST /evaluations:batch of a real server: streamed, many at once, stopped half-way."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.judging.batches import NDJSON, PARQUET, PREFIX, Batches, rows_answered
from api.store.rulesets import publish
from api.store.work import SYSTEM
from benchmarks.synth import write_synthetic
from evaluator.portfolio.batch import Batch, Options
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.files import read_directory
from evaluator.rulebook.load import load_layers
from tests.api.judging.batches import BASE, URL, lines, ndjson, post, problem
from tests.api.support import ROOT, settings, shipped, sqlite_url
from tests.support import PATIENCE, join_all, wait_until


class Serving:
    """The service on a port, as it really runs."""

    def __init__(self, folder: Path, **over: Any) -> None:
        self.folder = folder / "batches"
        self.app: FastAPI = create_app(
            settings(
                database_url=sqlite_url(folder),
                engine="reference",
                batch_directory=self.folder,
                **over,
            )
        )
        self.batches: Batches = self.app.state.batches
        self.server = uvicorn.Server(uvicorn.Config(self.app, port=0, log_level="error"))
        self.thread = threading.Thread(target=self.server.run, name="the server")
        self.thread.start()
        wait_until(
            lambda: self.server.started or not self.thread.is_alive(), "the server has started"
        )
        assert self.server.started, "the server ended instead of starting"
        self.port: int = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.should_exit = True
        join_all([self.thread])

    def idle(self) -> bool:
        """Wait until no batch is under way."""
        for _ in range(600):
            if not self.batches.runs and not list(self.folder.iterdir()):
                return True
            time.sleep(0.1)
        return False

    def begin(self, length: int, kind: str = PARQUET, query: str = "") -> socket.socket:
        """A connection that has sent the head of a request."""
        connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        connection.sendall(
            f"POST {URL}{query} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        return connection


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    found = Serving(tmp_path, batch_concurrency=1)
    yield found
    found.stop()
    assert list(found.folder.iterdir()) == []


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """60,000 dossiers."""
    path = tmp_path_factory.mktemp("many") / "many.parquet"
    write_synthetic(path, 60_000)
    return path.read_bytes()


def test_the_answer_is_streamed_while_others_are_served(serving: Serving, many: bytes) -> None:
    with (
        httpx2.Client(base_url=serving.url, timeout=600) as client,
        client.stream("POST", URL, content=many, headers={"content-type": PARQUET}) as answer,
    ):
        assert answer.status_code == 200
        assert "content-length" not in answer.headers
        found = answer.iter_lines()
        head = json.loads(next(found))
        # The answer has begun and cannot be whole: 200 MB do not fit between the two.
        assert len(serving.batches.runs) == 1
        assert httpx2.get(f"{serving.url}/readyz", timeout=300).status_code == 200
        refused = httpx2.post(
            serving.url + URL, content=ndjson([BASE]), headers={"content-type": NDJSON}, timeout=300
        )
        problem(refused, 503, "正在进行")
        assert int(refused.headers["retry-after"]) >= 1
        assert len(serving.batches.runs) == 1
        rows, last = 0, {}
        for line in found:
            last = json.loads(line)
            rows += 1
            if last["type"] == "judged":
                assert last["row"] == rows
    assert (head["rows"], rows) == (60_000, 60_001)
    assert last["type"] == "summary"
    assert (last["judged"], last["rejected"]) == (60_000, 0)
    assert serving.idle()
    with httpx2.Client(base_url=serving.url, timeout=300) as client:
        assert len(lines(post(client, ndjson([BASE])))) == 3


def judged_by(ruleset: Ruleset, body: bytes, folder: Path) -> dict[str, Any]:
    path = folder / "body.parquet"
    path.write_bytes(body)
    batch = Batch(ruleset, path, "parquet", folder, Options())
    batch.prepare()
    for _ in batch.blocks():
        pass
    batch.close()
    return batch.totals.as_data()


def test_one_ruleset_judges_the_whole_batch(serving: Serving, many: bytes, tmp_path: Path) -> None:
    text = read_directory(ROOT)
    base = dict(text[0][1])
    lines = base["rules/negative/low_output.yaml"]
    base["rules/negative/low_output.yaml"] = lines.replace("effect: refer", "effect: reject")
    other = load_layers(((text[0][0], base), *text[1:]))
    store = serving.app.state.store
    with (
        httpx2.Client(base_url=serving.url, timeout=600) as client,
        client.stream("POST", URL, content=many, headers={"content-type": PARQUET}) as answer,
    ):
        found = answer.iter_lines()
        head = json.loads(next(found))
        with store.work(SYSTEM) as work:
            publish(work, other, "service")
        store.rulesets.refresh()
        assert client.get("/api/v1/rulesets/current").json()["identity"] == other.identity
        assert len(serving.batches.runs) == 1
        for line in found:
            last = line
    assert head["ruleset"]["identity"] == shipped().identity
    (tmp_path / "work").mkdir()
    by_old, by_new = (judged_by(r, many, tmp_path / "work") for r in (shipped(), other))
    assert json.loads(last) == {"type": "summary", **by_old}
    assert by_old != by_new
    with httpx2.Client(base_url=serving.url, timeout=300) as client:
        again = post(client, ndjson([BASE]))
    assert again.headers["admission-ruleset"] == other.identity


def test_a_client_that_goes_stops_the_work(serving: Serving, many: bytes) -> None:
    before = rows_answered.labels("judged")._value.get()
    # While the body comes in.
    connection = serving.begin(len(many))
    connection.sendall(many[: len(many) // 2])
    wait_until(lambda: serving.batches.runs, "the batch has begun")
    connection.close()
    assert serving.idle()
    # While it is read and checked.
    connection = serving.begin(len(many))
    connection.sendall(many)
    wait_until(lambda: serving.batches.runs, "the batch has begun")
    connection.close()
    assert serving.idle()
    # While the answer is sent.
    connection = serving.begin(len(many), query="?findings=true")
    connection.sendall(many)
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    connection.close()
    assert serving.idle()
    assert rows_answered.labels("judged")._value.get() == before


def test_time_runs_out_for_the_slow(tmp_path: Path, many: bytes) -> None:
    serving = Serving(tmp_path, batch_concurrency=2, batch_seconds=2)
    try:
        connection = serving.begin(1_000, NDJSON)
        connection.sendall(b"{")
        said = b""
        while b"}" not in said and (more := connection.recv(4_000)):
            said += more
        assert said.startswith(b"HTTP/1.1 503")
        assert "超过 2 秒".encode() in said
        connection.close()
        assert serving.idle()
        # Findings of 60,000 dossiers take longer than that, on any machine.
        with httpx2.Client(base_url=serving.url, timeout=600) as client:
            answer = post(client, many, PARQUET, findings="true")
        if answer.status_code == 200:
            last = json.loads(answer.text.strip().split("\n")[-1])
            assert (last["type"], last["status"]) == ("error", 503)
        else:
            problem(answer, 503, "超过 2 秒")
        assert serving.idle()
    finally:
        serving.stop()


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_a_stopped_server_leaves_no_files(tmp_path: Path) -> None:
    """SIGTERM with a batch under way that outlasts the grace: the real command, as it is run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "ADMISSION_DATABASE_URL": f"sqlite:///{tmp_path}/a.db",
        "ADMISSION_PORT": str(port),
        "ADMISSION_LOG_LEVEL": "ERROR",
        "ADMISSION_GRACE_SECONDS": "1",
        "ADMISSION_BATCH_DIRECTORY": str(tmp_path / "batches"),
    }
    (tmp_path / "batches").mkdir()
    command = [sys.executable, "-c", "from api.commands.app import app; app()", "serve"]
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        wait_until(lambda: process.poll() is not None or answers(port), "the server has started")
        connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
        head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\nContent-Length: 1000\r\n\r\n{{"
        connection.sendall(head.encode())
        bodies = f"{PREFIX}*/body.ndjson"
        wait_until(
            lambda: process.poll() is not None or list((tmp_path / "batches").glob(bodies)),
            "the batch has begun",
        )
        assert process.poll() is None, "the server ended before it was told to"
        process.terminate()
        process.wait(60)
        connection.close()
    finally:
        process.kill()
        process.wait()
    assert list((tmp_path / "batches").iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left, held, other = (tmp_path / n for n in (f"{PREFIX}left", f"{PREFIX}held", "something"))
    for directory in (left, held, other):
        directory.mkdir()
        (directory / "lock").touch()
        (directory / "body").write_bytes(b"x")
    with (held / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Batches(settings(batch_directory=tmp_path))
        assert {p.name for p in tmp_path.iterdir()} == {held.name, other.name}
