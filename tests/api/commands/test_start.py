"""Starting, or saying in a line why not: each reason with an exit code of its own."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from api.commands.app import app as cli
from tests.api.commands.test_workers import serving
from tests.api.conftest import postgres_database
from tests.oidc.process import free_port
from tests.support import PATIENCE, ROOT

runner = CliRunner()
UNIT = (ROOT / "deploy" / "admission.service").read_text("utf-8")
GONE = "postgresql+psycopg://127.0.0.1:1/admission"


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of a database that is not there yet, in a directory of its own."""
    monkeypatch.setenv("ADMISSION_DATABASE_URL", f"sqlite:///{tmp_path}/a.db")
    return tmp_path


def start(*arguments: str) -> tuple[int, str]:
    """Exit code and output of a start that ends by itself."""
    done = runner.invoke(cli, ["serve", "--port", str(free_port()), *arguments])
    assert "Traceback" not in done.output
    assert "已启动" not in done.output
    return done.exit_code, done.output.replace("\n", "")


@pytest.mark.usefixtures("clean")
def test_a_database_that_is_not_there_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADMISSION_DATABASE_URL", GONE)
    monkeypatch.setenv("ADMISSION_DATABASE_WAIT", "1")
    code, output = start()
    assert code == 75
    assert "数据库还没有应答，再等最多" in output
    assert "等了 1 秒" in output


def test_one_that_comes_up_meanwhile_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A door that nobody opened yet, and behind it, a moment later, a real server."""
    port = free_port()
    with postgres_database() as url:
        behind = socket.create_server(("127.0.0.1", 0))
        behind.close()
        target = sqlite_free(url)
        monkeypatch.setenv("ADMISSION_DATABASE_WAIT", "60")
        stop = threading.Event()

        def relay() -> None:
            time.sleep(1.5)
            with socket.create_server(("127.0.0.1", port)) as server:
                server.settimeout(0.2)
                while not stop.is_set():
                    try:
                        near, _ = server.accept()
                    except TimeoutError:
                        continue
                    far = socket.create_connection(target)
                    for a, b in ((near, far), (far, near)):
                        threading.Thread(target=_pump, args=(a, b), daemon=True).start()

        thread = threading.Thread(target=relay)
        thread.start()
        moved = url.replace(f":{target[1]}/", f":{port}/")
        try:
            done = runner.invoke(cli, ["db", "upgrade", "--database-url", moved])
        finally:
            stop.set()
            thread.join()
    assert done.exit_code == 0, done.output
    assert "还没有应答" in done.output
    assert "数据库结构版本：0" in done.output


def sqlite_free(url: str) -> tuple[str, int]:
    """Where the PostgreSQL of the tests listens."""
    from sqlalchemy.engine import make_url

    found = make_url(url)
    return found.host or "127.0.0.1", found.port or 5432


def _pump(near: socket.socket, far: socket.socket) -> None:
    try:
        while data := near.recv(65536):
            far.sendall(data)
    except OSError:
        pass
    finally:
        near.close()
        far.close()


def test_a_newer_structure_is_left_alone(clean: Path) -> None:
    assert runner.invoke(cli, ["db", "upgrade"]).exit_code == 0
    with sqlite3.connect(clean / "a.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    code, output = start()
    assert code == 65
    assert "数据库结构版本为 9999，比本程序" in output


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "DATABASE_UR",
            "x",
            "没有 ADMISSION_DATABASE_UR 这个设置。是不是 ADMISSION_DATABASE_URL？",
        ),
        ("COLOUR", "x", "没有 ADMISSION_COLOUR 这个设置"),
        ("OIDC_ISSUER", "https://a.example", "还要设 ADMISSION_OIDC_CLIENT_ID"),
        ("OIDC_CLIENT_ID", "a", "还要设 ADMISSION_OIDC_ISSUER"),
    ],
)
def test_settings_that_are_none_or_lack_another(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(f"ADMISSION_{name}", value)
    code, output = start()
    assert code == 78
    assert said in output


def test_places_that_are_not_there(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clean / "file").write_text("")
    for name, value, said in (
        ("BATCH_DIRECTORY", "/nowhere", "没有目录 /nowhere"),
        ("IMPACT_DIRECTORY", str(clean / "file"), "不是目录"),
        ("SHARED_DIRECTORY", "/proc", "写不进目录 /proc"),
        ("DATABASE_URL", f"sqlite:///{clean}", "是目录，应是文件"),
        ("DATABASE_URL", "sqlite:////proc/x/a.db", "建不了目录 /proc/x"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(f"ADMISSION_{name}", value)
            code, output = start()
        assert code == 73, output
        assert f"ADMISSION_{name}：" in output
        assert said in output


@pytest.mark.usefixtures("clean")
def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, output = start("--port", str(taken.getsockname()[1]))
    assert code == 73
    assert "端口被别的程序占用" in output


def test_the_unit_restarts_only_where_that_can_help() -> None:
    prevented = next(x for x in UNIT.splitlines() if x.startswith("RestartPreventExitStatus="))
    assert prevented.partition("=")[2].split() == ["2", "65", "73", "78"]
    assert "ExecReload=/bin/kill -HUP $MAINPID" in UNIT


def test_a_demonstration_never_becomes_a_production(clean: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from api.commands.app import app; app()",
            "serve",
            "--demo",
            "--port",
            str(port),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ADMISSION_ENGINE": "reference", "ADMISSION_LOG_LEVEL": "ERROR"},
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "已启动" in line:
                break
        # It was said, so it listens.
        assert httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        process.send_signal(signal.SIGHUP)
        assert httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    finally:
        process.terminate()
        rest = process.stdout.read()
        process.stdout.close()
        process.wait(PATIENCE)
    assert "这是演示库" in rest
    code, output = start()
    assert code == 2
    assert "不能转为正式使用" in output
    checked = runner.invoke(cli, ["config", "check"])
    assert checked.exit_code == 0, checked.output
    assert "演示库" in checked.output
    assert clean.joinpath("a.db").is_file()


@pytest.mark.usefixtures("clean")
def test_what_is_in_use_is_no_demonstration() -> None:
    assert runner.invoke(cli, ["accounts", "create", "li", "--role", "committee"]).exit_code == 0
    code, output = start("--demo")
    assert code == 2
    assert "不能加 --demo" in output


@pytest.mark.soak
def test_a_rolling_restart_resets_no_connection(tmp_path: Path) -> None:
    """SIGHUP replaces both workers while clients go on asking, each time on a new connection."""
    with serving(tmp_path, ADMISSION_RATE_LIMIT="0", ADMISSION_ENGINE="reference") as server:
        stop, asked, failed = threading.Event(), [0], []

        def ask() -> None:
            while not stop.is_set():
                try:
                    assert server.get("/api/v1/rules").status_code == 200
                    asked[0] += 1
                except (httpx2.HTTPError, AssertionError) as error:
                    failed.append(repr(error))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        before = children(server.process.pid)
        server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 2 * PATIENCE
        while before & children(server.process.pid):
            assert time.monotonic() < end, "the workers were not replaced"
            time.sleep(0.2)
        stop.set()
        for thread in threads:
            thread.join()
        assert failed == []
        assert asked[0] > 20


def children(pid: int) -> set[int]:
    """The worker processes of a server."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    return {int(n) for n in found if b"spawn_main" in Path(f"/proc/{n}/cmdline").read_bytes()}
