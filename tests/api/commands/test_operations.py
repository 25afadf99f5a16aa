"""Backup and restore across databases, commands, limits, metrics, logs, readiness."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from typer.testing import CliRunner

from api.app import create_app
from api.commands.app import app as cli
from api.commands.backup import BackupError, backup, restore
from api.database.db import Database
from api.database.tables import Account
from api.store import audit
from api.store.core import Store
from api.transport.ratelimit import Attempts, RateLimit
from api.transport.telemetry import JsonFormatter
from tests.api.conftest import _postgres
from tests.api.support import Service, example, settings

# The service of a module is made once: keep its tests in one process.
pytestmark = pytest.mark.xdist_group("api-operations")

runner = CliRunner()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another empty database to restore into."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/restored.db"
    else:
        yield from _postgres()


def test_passwords_cost_what_is_recommended(tmp_path: Path) -> None:
    """The tests use a cheaper hash; the command that makes accounts must not."""
    url = f"sqlite:///{tmp_path}/admission.db"
    command = [
        sys.executable,
        "-c",
        "from api.commands.app import app; app()",
        "accounts",
        "create",
    ]
    subprocess.run(
        [*command, "li", "--role", "submitter", "--database-url", url],
        check=True,
        capture_output=True,
    )
    db = Database(url)
    with db.read() as session:
        kept = session.scalars(select(Account.password_hash)).one()
    db.close()
    assert kept is not None
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_backup_restores_into_either_database(
    service: Service, empty: str, tmp_path: Path
) -> None:
    receipt = service.submit("r01")
    path = tmp_path / "backup.zip"
    manifest = backup(service.store.db, path)
    assert manifest.rows["decisions"] >= 1
    db = Database(empty)
    restore(db, path)
    restored = Store(db, "reference")
    with service.store.db.read() as a, db.read() as b:
        assert audit.head(a) == audit.head(b)
        assert list(audit.export_lines(a)) == list(audit.export_lines(b))
    actor = service.actors["committee"]
    from api.store.projects import decisions, submissions
    from api.store.projects.submissions import Submission

    with db.read() as session:
        replay = decisions.replay(session, restored.rulesets, actor, receipt["decision"])
    assert replay.identical
    assert replay.stored_intact
    # Life goes on: numbers follow on, and the chain does too.
    after = submissions.submit(restored, actor, Submission(example("r02")))
    assert int(after.number[-6:]) == int(receipt["number"][-6:]) + 1
    with db.read() as session:
        assert audit.verify(session)[1] == ()
    with pytest.raises(BackupError, match="已有数据"):
        restore(db, path)
    restored.close()


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("projects", lambda data: data.replace(b'"refer"', b'"pass"'), "projects 与清单不符"),
        ("conclusions", None, "与清单不符：conclusions.jsonl"),
    ],
)
def test_a_damaged_backup_restores_nothing(
    service: Service, tmp_path: Path, table: str, change: Callable[[bytes], bytes] | None, said: str
) -> None:
    service.submit("r01")
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    backup(service.store.db, good)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name != f"{table}.jsonl":
                target.writestr(name, data)
            elif change is not None:
                target.writestr(name, change(data))
    db = Database(f"sqlite:///{tmp_path}/never.db")
    with pytest.raises(BackupError, match=said):
        restore(db, bad)
    with db.read() as session:
        assert audit.head(session).seq == 0
    with pytest.raises(BackupError):
        restore(db, Path(__file__))
    db.close()


def test_commands_for_accounts_and_the_log(database_url: str, tmp_path: Path) -> None:
    url = ["--database-url", database_url]
    made = runner.invoke(cli, ["accounts", "create", "zhang", "--role", "admin", *url])
    assert made.exit_code == 0, made.output
    password = made.output.split("：")[-1].strip()
    again = runner.invoke(cli, ["accounts", "create", "zhang", "--role", "admin", *url])
    assert again.exit_code == 2
    assert "已经有了" in again.output
    assert runner.invoke(cli, ["accounts", "create", "li", "--role", "king", *url]).exit_code == 2
    app = create_app(settings(database_url=database_url))
    with TestClient(app) as client:
        given = {"name": "zhang", "password": password}
        assert client.post("/api/v1/session", json=given).status_code == 200
    assert "zhang" in runner.invoke(cli, ["accounts", "list", *url]).output
    assert runner.invoke(cli, ["accounts", "disable", "zhang", *url]).exit_code == 0
    found = runner.invoke(cli, ["audit", "verify", *url])
    assert found.exit_code == 0, found.output
    head = found.output.split("链头 ")[1].strip()
    assert runner.invoke(cli, ["audit", "verify", "--head", head, *url]).exit_code == 0
    wrong = f"{head.partition(':')[0]}:{'0' * 64}"
    assert runner.invoke(cli, ["audit", "verify", "--head", wrong, *url]).exit_code == 1
    lines = runner.invoke(cli, ["audit", "export", *url]).output.splitlines()
    assert json.loads(lines[0])["seq"] == 1
    path = tmp_path / "b.zip"
    assert runner.invoke(cli, ["backup", str(path), *url]).exit_code == 0
    other = ["--database-url", f"sqlite:///{tmp_path}/other.db"]
    assert runner.invoke(cli, ["restore", str(path), *other]).exit_code == 0
    assert runner.invoke(cli, ["audit", "verify", "--head", head, *other]).exit_code == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "abc", "应是整数，写的是“abc”"),
        ("ENGINE", "rete", "可用：durable、reference"),
        ("HOLIDAYS_OFF", "2027", "应是列表"),
        ("HOLIDAYS_OFF", "[2027-01-01", "应是 JSON 列表"),
        ("ATTACHMENT_TYPES", '["exe"]', "不在可用的值之内"),
        ("RATE_LIMIT", "-1", "数过小"),
        ("HOLIDAYS", "/nowhere.yaml", "没有这个文件"),
        ("OIDC_SCOPE", "profile", "写法不对"),
        ("RULEBOOK", "/nowhere", "/nowhere"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("ADMISSION_DATABASE_URL", f"sqlite:///{tmp_path}/a.db")
    monkeypatch.setenv(f"ADMISSION_{name}", value)
    done = runner.invoke(cli, ["serve"])
    assert done.exit_code == 2, done.output
    assert said in done.output.replace("\n", "")
    assert "Traceback" not in done.output
    assert "Input should" not in done.output


def test_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMISSION_DATABASE_URL", "no database at all: secret")
    done = runner.invoke(cli, ["db", "upgrade"])
    assert done.exit_code == 2
    assert "secret" not in done.output


def test_a_client_run_wild_is_held_back(tmp_path: Path) -> None:
    app = create_app(settings(database_url=f"sqlite:///{tmp_path}/a.db", rate_limit=5))
    with TestClient(app) as client:
        answers = [client.get("/api/v1/ruleset") for _ in range(7)]
        assert [a.status_code for a in answers] == [200] * 5 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert answers[-1].headers["content-type"] == "application/problem+json"
        assert client.get("/healthz").status_code == 200


def test_the_bucket_fills_again() -> None:
    limit = RateLimit(60)
    assert [limit.wait("a", 0.0) for _ in range(60)] == [0] * 60
    assert limit.wait("a", 0.0) == 1
    assert limit.wait("b", 0.0) == 0
    assert limit.wait("a", 1.5) == 0
    assert limit.wait("a", 1.5) == 1
    assert limit.wait("a", 2.0) == 0
    limit.close()


@pytest.mark.parametrize("per_minute", [1, 7, 60, 6000])
def test_a_minute_gives_as_many_requests_as_the_limit(per_minute: int) -> None:
    limit = RateLimit(per_minute)
    given = [limit.wait("a", 100.0) == 0 for _ in range(per_minute + 3)]
    assert sum(given) == per_minute
    assert limit.wait("a", 100.0) == max(1, -(-60 // per_minute))
    # A source that has paid for nothing ahead is forgotten, and begins anew.
    assert [limit.wait("a", 300.0) == 0 for _ in range(per_minute + 1)].count(True) == per_minute
    limit.close()
    assert RateLimit(0).wait("a") == 0


def test_two_processes_share_one_limit(tmp_path: Path) -> None:
    one, two = RateLimit(10, tmp_path), RateLimit(10, tmp_path)
    taken = [(one if n % 2 else two).wait("a", 5.0) == 0 for n in range(20)]
    assert taken == [True] * 10 + [False] * 10
    one.close()
    assert two.wait("a", 5.0) > 0
    two.close()


def test_a_limit_that_cannot_count_lets_requests_through(tmp_path: Path) -> None:
    limit = RateLimit(1, tmp_path / "nowhere")
    assert [limit.wait("a") for _ in range(3)] == [0, 0, 0]


def test_failed_logins_grow_old() -> None:
    attempts = Attempts(limit=3, seconds=1000)
    for _ in range(2):
        attempts.failed("name:li", "from:a")
    assert attempts.wait("name:li", "from:b") == 0
    attempts.failed("name:li", "from:b")
    assert 990 < attempts.wait("name:li", "from:c") <= 1000
    assert attempts.wait("name:wang", "from:a") == 0
    attempts.succeeded("name:li")
    assert attempts.wait("name:li") == 0
    attempts.close()
    old = Attempts(limit=1, seconds=0)
    old.failed("name:li")
    assert old.wait("name:li") == 0
    old.close()


def test_evaluation_can_be_closed_to_strangers(tmp_path: Path) -> None:
    app = create_app(settings(database_url=f"sqlite:///{tmp_path}/a.db", open_evaluation=False))
    with TestClient(app) as client:
        assert client.post("/api/v1/evaluations", json=example("d01")).status_code == 401


def test_metrics_count_by_route_and_verdict(service: Service) -> None:
    service.submit("r01")
    service.call("committee", "GET", "/projects/nothing")
    text = service.client.get("/metrics").text
    assert 'admission_decisions_total{verdict="refer"}' in text
    assert 'route="/api/v1/projects/{number}",status="404"' in text
    assert "nothing" not in text


def test_logs_are_json_with_the_request(caplog: pytest.LogCaptureFixture) -> None:
    record = logging.LogRecord("api", logging.INFO, __file__, 1, "受理 %s", ("ZR1",), None)
    record.ms = 1.5
    data = json.loads(JsonFormatter().format(record))
    assert data["message"] == "受理 ZR1"
    assert data["ms"] == 1.5
    assert {"time", "level", "logger", "request"} <= set(data)
    assert caplog.records == []


def test_readiness_tells_a_database_of_another_structure(service: Service) -> None:
    assert service.client.get("/readyz").status_code == 200
    db = service.store.db
    db.downgrade("0001")
    answer = service.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    db.migrate()
    assert service.client.get("/readyz").status_code == 200
