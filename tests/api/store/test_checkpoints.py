"""The head of the log kept elsewhere, signed: a cut tail and a rewritten log are found by it."""

from __future__ import annotations

import datetime as dt
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api.app import create_app
from api.commands.app import app as cli
from api.settings import SettingsError
from api.signing.keys import make_key
from api.store import checkpoints
from api.store.checkpoints import Sinks
from api.store.work import SYSTEM
from tests.api.support import Service, settings, sqlite_url, unlock

runner = CliRunner()
NOW = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)


def test_a_cut_tail_is_found(database_url: str, tmp_path: Path) -> None:
    signer, kept = make_key(tmp_path / "key.pem"), tmp_path / "heads.jsonl"
    with Service(database_url) as service:
        db, sinks = service.store.db, Sinks(60, kept)
        assert checkpoints.once(db, signer, sinks, NOW)
        assert not checkpoints.once(db, signer, sinks, NOW + dt.timedelta(seconds=59))
        service.submit("d01")
        assert checkpoints.once(db, signer, sinks, NOW + dt.timedelta(seconds=60))
        assert kept.stat().st_mode & 0o077 == 0
        read = checkpoints.read(kept, signer.name)
        heads = read.heads
        assert (len(heads), read.wrong) == (2, ())
        ask = ["audit", "verify", "--checkpoints", str(kept), "--key", signer.name]
        ask += ["--replay", "0", "--database-url", database_url]
        done = runner.invoke(cli, ask)
        assert done.exit_code == 0, done.output
        assert "另存的 2 个链头都在日志里" in done.output
        with db.write() as session:
            unlock(session, "audit_log")
            session.execute(text(f"DELETE FROM audit_log WHERE seq = {heads[-1].seq}"))
        done = runner.invoke(cli, ask)
        assert done.exit_code == 1
        assert f"第 {heads[-1].seq} 条已不在日志中" in done.output
        with service.store.work(SYSTEM) as work:
            work.log("test", "another", None, None)
        assert f"第 {heads[-1].seq} 条与日志不同" in runner.invoke(cli, ask).output


def test_a_forged_head_is_told(tmp_path: Path) -> None:
    signer, kept = make_key(tmp_path / "key.pem"), tmp_path / "heads.jsonl"
    with Service(sqlite_url(tmp_path)) as service:
        made = checkpoints.make(service.store.db, signer, NOW)
    lines = [
        json.dumps(made),
        f"Dec  1 09:00:00 host admission checkpoint {json.dumps(made)}",
        json.dumps({**made, "seq": 1}),
        "rubbish",
        json.dumps(checkpoints.make(service.store.db, make_key(tmp_path / "b.pem"), NOW)),
    ]
    kept.write_text("\n".join(lines))
    read = checkpoints.read(kept, signer.name)
    heads, wrong = read.heads, read.wrong
    assert [h.seq for h in heads] == [made["seq"]] * 2
    assert len(wrong) == 3
    assert "签名不对" in wrong[0]
    assert ":3：" in wrong[0]
    assert "不是链头" in wrong[1]
    assert "不是应信的" in wrong[2]


def test_it_goes_to_syslog_and_to_an_address(tmp_path: Path) -> None:
    got: list[bytes] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not into the tests' output."""

    signer = make_key(tmp_path / "key.pem")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog,
        HTTPServer(("127.0.0.1", 0), Taker) as server,
        Service(sqlite_url(tmp_path)) as service,
    ):
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(30)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        where = f"127.0.0.1:{syslog.getsockname()[1]}"
        sinks = Sinks(60, None, where, f"http://127.0.0.1:{server.server_port}/heads")
        assert checkpoints.once(service.store.db, signer, sinks, NOW)
        thread.join(30)
        line = syslog.recv(9000).decode()
    told = json.loads(got[0])
    assert told["format"] == "admission-checkpoint/1"
    assert json.loads(line[line.index("{") : line.rindex("}") + 1]) == told


def test_what_fails_is_said_and_tried_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    signer = make_key(tmp_path / "key.pem")
    (tmp_path / "target").touch()
    (tmp_path / "planted").symlink_to(tmp_path / "target")
    with Service(sqlite_url(tmp_path)) as service:
        db, sinks = service.store.db, Sinks(3600, tmp_path / "planted")
        assert checkpoints.once(db, signer, sinks, NOW)
        assert "链头没有送到文件" in capfd.readouterr().err
        assert (tmp_path / "target").read_text() == "", "no link is followed"
        assert not checkpoints.once(db, signer, sinks, NOW + dt.timedelta(seconds=59))
        (tmp_path / "planted").unlink()
        assert checkpoints.once(db, signer, sinks, NOW + dt.timedelta(seconds=61))
        assert len((tmp_path / "planted").read_text().splitlines()) == 1


def test_the_service_pushes_them_by_itself(tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    kept = tmp_path / "heads.jsonl"
    over = {"signing_key": tmp_path / "key.pem", "checkpoint_file": kept}
    with Service(sqlite_url(tmp_path), **over) as service:
        service.app.state.jobs.wake()
        for _ in range(600):
            if kept.exists() and kept.read_text():
                break
            threading.Event().wait(0.1)
        assert checkpoints.read(kept, service.app.state.signer.name).wrong == ()


def test_without_a_key_nothing_is_promised(tmp_path: Path) -> None:
    over = {"database_url": sqlite_url(tmp_path), "checkpoint_file": tmp_path / "heads.jsonl"}
    with pytest.raises(SettingsError, match="没有设置签名密钥"):
        create_app(settings(**over))
