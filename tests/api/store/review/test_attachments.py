"""Files given with an opinion: kept whole, streamed, backed up, asked for by the form."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.commands.backup import BackupError, backup, restore
from api.database.db import Database
from api.database.migrations import field_files
from api.store import audit
from api.transport.uploads import PART
from evaluator.dossier.fields import base_text
from scripts.serving import running
from tests.api.conftest import new_database, postgres_database
from tests.api.files import PDF, PNG, pdf
from tests.api.store.review.former import LATER, NEW_TABLES
from tests.api.support import Service, now, sqlite_url

ROLE = "department:natural_resources"
LIMIT = 1_000_000


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service with a limit of 1 MB for a file and less for other bodies."""
    over = {"max_attachment_bytes": LIMIT, "max_body_bytes": 200_000}
    directory = tmp_path_factory.mktemp("files")
    with new_database(request, directory) as url, Service(url, **over) as found:
        yield found


@pytest.fixture(scope="module")
def task(service: Service) -> dict[str, Any]:
    """A task that waits for the department."""
    number = service.submit("r01")["number"]
    found = service.call(ROLE, "GET", "/tasks", params={"number": number}).json()["items"]
    assert isinstance(found[0], dict)
    return found[0]


def send(
    service: Service,
    task: dict[str, Any],
    content: Any,
    name: str = "图.pdf",
    kind: str = "application/octet-stream",
    role: str = ROLE,
) -> Any:
    return service.call(
        role,
        "POST",
        f"/tasks/{task['id']}/attachments",
        params={"name": name},
        content=content,
        headers={"content-type": kind},
    )


@pytest.mark.parametrize("size", [20, PART, PART + 1, 3 * PART, LIMIT])
def test_a_file_is_kept_whole(service: Service, task: dict[str, Any], size: int) -> None:
    content = pdf(size)
    sent = send(service, task, content)
    assert sent.status_code == 201, sent.text
    digest = hashlib.sha256(content)
    assert (sent.json()["size"], sent.json()["digest"]) == (size, digest.hexdigest())
    assert sent.json()["media_type"] == "application/pdf"
    got = service.call("committee", "GET", f"/attachments/{sent.json()['id']}")
    assert got.content == content
    assert got.headers["content-length"] == str(size)
    assert got.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["content-security-policy"] == "sandbox"


def chunks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 50_000):
        yield content[start : start + 50_000]


def test_a_file_has_a_limit_of_its_own(service: Service, task: dict[str, Any]) -> None:
    over = pdf(LIMIT + 1)
    for body in (over, chunks(over)):
        refused = send(service, task, body)
        assert refused.status_code == 413
        assert refused.json()["detail"] == "附件超过上限 1 MB"
    assert send(service, task, chunks(pdf(LIMIT))).status_code == 201
    # Other bodies keep theirs, which is smaller.
    large = service.call("submitter", "POST", "/projects", json={"name": "x" * 200_000})
    assert (large.status_code, large.json()["detail"]) == (413, "请求体超过上限 200 kB")


def test_wrong_content_is_refused(service: Service, task: dict[str, Any]) -> None:
    wrong = send(service, task, PNG)
    assert wrong.status_code == 422
    assert "内容却是PNG 图片" in wrong.json()["detail"]
    assert wrong.json()["errors"][0]["hint"] == "请把扩展名改为 .png"
    said = send(service, task, PDF, kind="image/png")
    assert said.status_code == 415
    assert "image/png" in said.json()["detail"]
    assert send(service, task, PDF, kind="").status_code == 415


def test_nobody_leaves_a_file_who_may_not(service: Service, task: dict[str, Any]) -> None:
    # A body that is refused is read to its end by the edge and kept nowhere.
    def parts() -> int:
        with service.store.db.read() as session:
            return session.execute(text("SELECT count(*) FROM attachment_parts")).scalar_one()

    before = parts()
    for role, status in ((None, 401), ("committee", 403), ("department:ecology", 403)):
        refused = service.call(
            role,
            "POST",
            f"/tasks/{task['id']}/attachments",
            params={"name": "a.pdf"},
            content=iter([PDF]),
            headers={"content-type": "application/pdf"},
        )
        assert refused.status_code == status
    assert send(service, {"id": 10**9}, iter([PDF])).status_code == 404
    assert parts() == before
    assert send(service, task, iter([PDF])).status_code == 201
    assert parts() > before


def test_no_more_than_twenty_files(service: Service) -> None:
    number = service.submit("r01")["number"]
    task = service.call(ROLE, "GET", "/tasks", params={"number": number}).json()["items"][0]
    answers = [send(service, task, PDF).status_code for _ in range(21)]
    assert answers == [201] * 20 + [409]


def test_files_cannot_be_altered(service: Service, task: dict[str, Any]) -> None:
    send(service, task, PDF)
    for statement in (
        "UPDATE attachment_parts SET content = ''",
        "DELETE FROM attachment_parts",
        "UPDATE attachments SET digest = ''",
    ):
        with pytest.raises(DBAPIError, match="immutable"), service.store.db.write() as session:
            session.execute(text(statement))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Another empty database of each kind, without any structure."""
    sqlite = nullcontext(f"sqlite:///{tmp_path}/restored.db")
    with sqlite if request.param == "sqlite" else postgres_database() as url:
        db = Database(url)
        yield db
        db.close()


def content_of(db: Database, key: int) -> bytes:
    query = "SELECT content FROM attachment_parts WHERE attachment_id = :key ORDER BY part"
    with db.read() as session:
        return b"".join(bytes(c) for c in session.execute(text(query), {"key": key}).scalars())


def test_files_are_in_the_backup(
    service: Service, task: dict[str, Any], database_url: str, tmp_path: Path
) -> None:
    content = pdf(2 * PART + 5)
    key = send(service, task, content).json()["id"]
    path = tmp_path / "backup.zip"
    backup(service.store.db, path)
    restored = Database(database_url)
    restore(restored, path)
    assert content_of(restored, key) == content
    with service.store.db.read() as a, restored.read() as b:
        # All of it, and that it was restored.
        assert audit.verify(b, audit.head(a)) == (audit.head(a).seq + 1, ())
    restored.close()


def test_a_file_that_is_not_the_registered_one_is_not_restored(
    service: Service, task: dict[str, Any], tmp_path: Path
) -> None:
    # Whoever rewrites the backup can make its sums right again, but not what was registered.
    send(service, task, pdf(1000))
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    backup(service.store.db, good)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        parts = source.read("attachment_parts.jsonl").splitlines(keepends=True)
        other = parts[-1].replace(base64.b64encode(PDF), base64.b64encode(b"%PDF-1.4\n"))
        assert other != parts[-1]
        changed = b"".join([*parts[:-1], other])
        for name in source.namelist():
            data = source.read(name)
            if name == "attachment_parts.jsonl":
                data = changed
            if name == "manifest.json":
                old = hashlib.sha256(b"".join(parts)).hexdigest()
                assert old.encode() in data
                data = data.replace(old.encode(), hashlib.sha256(changed).hexdigest().encode())
            target.writestr(name, data)
    db = Database(sqlite_url(tmp_path, "never.db"))
    with pytest.raises(BackupError, match="号附件与登记的大小或摘要不符"):
        restore(db, bad)
    db.close()


def test_whole_files_of_the_former_structure_are_cut_into_parts(
    database_url: str, empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An old backup has rulesets of versions given out alone: here the running one stands for such.
    given_out = (base_text(), *field_files.known_texts())
    monkeypatch.setattr(field_files, "known_texts", lambda: given_out)
    content = pdf(2 * PART + 5)
    path = tmp_path / "old.zip"
    with Service(database_url, max_attachment_bytes=LIMIT) as service:
        number = service.submit("r01")["number"]
        task = service.call(ROLE, "GET", "/tasks", params={"number": number}).json()["items"][0]
        key = send(service, task, content).json()["id"]
        db = service.store.db
        db.downgrade("0003")
        with db.read() as session:
            kept = session.execute(text("SELECT content FROM attachments")).scalar_one()
        assert bytes(kept) == content
        _old_backup(db, path)
        db.migrate()
        assert content_of(db, key) == content
        after = service.call(ROLE, "GET", "/tasks", params={"number": number}).json()["items"][0]
        assert after == task
        with db.read() as session:
            query = "SELECT workdays, due_estimated FROM tasks"
            assert {(w, bool(e)) for w, e in session.execute(text(query))} == {
                (5, task["due_estimated"])
            }
    restore(empty, path)
    assert content_of(empty, key) == content


def _old_backup(db: Database, path: Path) -> None:
    """A backup as the program before attachment_parts wrote it."""
    import json

    from api.commands import backup as module

    tables = [t for t in module._tables() if t.name not in NEW_TABLES]
    rows, digests = {}, {}
    with db.read() as session, zipfile.ZipFile(path, "w") as archive:
        for table in tables:
            names = [c.name for c in table.columns if f"{table.name}.{c.name}" not in LATER]
            lines = b""
            columns = [table.c[n] for n in names]
            for row in session.query(*columns).order_by(*table.primary_key.columns):
                data = dict(zip(names, map(module._dump, row), strict=True))
                lines += json.dumps(data, ensure_ascii=False, sort_keys=True).encode() + b"\n"
            archive.writestr(f"{table.name}.jsonl", lines)
            rows[table.name] = lines.count(b"\n")
            digests[table.name] = hashlib.sha256(lines).hexdigest()
        head = audit.head(session)
        manifest = {
            "format": 1,
            "revision": "0003",
            "made_at": "2026-11-01T00:00:00+00:00",
            "rows": rows,
            "digests": digests,
            "audit_seq": head.seq,
            "audit_hash": head.hash,
        }
        archive.writestr("manifest.json", json.dumps(manifest))


def opinion(service: Service, task: dict[str, Any], *files: tuple[str, bytes], **more: Any) -> Any:
    """Send the opinion form as the department's clerk."""
    client = service.client
    given = {
        "name": "department-natural_resources",
        "password": "password of department-natural_resources",
    }
    assert client.post("/api/v1/session", json=given).status_code == 200
    shown = client.get(f"/tasks/{task['id']}").text
    csrf = re.findall(r'name="csrf" value="([0-9a-f]{64})"', shown)[0]
    # A task that no longer waits shows no form.
    seen = str(now(service.store, "POST", f"/tasks/{task['id']}/opinion"))
    return client.post(
        f"/tasks/{task['id']}/opinion",
        data={"csrf": csrf, "seen": seen, "opinion": "agree", "sure": "1", "reason": "", **more},
        files=[("files", (name, content)) for name, content in files],
        follow_redirects=False,
    )


def fresh(service: Service) -> dict[str, Any]:
    number = service.submit("r01")["number"]
    found = service.call(ROLE, "GET", "/tasks", params={"number": number}).json()["items"]
    assert isinstance(found[0], dict)
    return found[0]


def test_the_form_takes_several_files(service: Service) -> None:
    task = fresh(service)
    files = (("图一.pdf", pdf(LIMIT)), ("图二.png", PNG), ("图三.pdf", pdf(400_000)))
    done = opinion(service, task, *files)
    assert done.status_code == 303, done.text
    page = service.client.get(f"/tasks/{task['id']}").text
    for name, _ in files:
        assert name in page
    after = service.call("committee", "GET", "/tasks", params={"number": task["number"]}).json()[
        "items"
    ]
    kept = next(t for t in after if t["id"] == task["id"])["opinions"][0]["attachments"]
    assert [a["size"] for a in kept] == [LIMIT, len(PNG), 400_000]


def test_the_form_says_what_is_wrong_with_a_file(service: Service) -> None:
    task = fresh(service)
    wrong = opinion(service, task, ("图.pdf", PNG), reason="详见附件")
    assert wrong.status_code == 422
    assert "附件“图.pdf”扩展名是 .pdf，内容却是PNG 图片。请把扩展名改为 .png" in wrong.text
    assert "选过的附件请重新选一次" in wrong.text
    assert "详见附件" in wrong.text
    large = opinion(service, task, ("图.pdf", pdf(LIMIT + 1)))
    assert (large.status_code, "超过上限 1 MB" in large.text) == (422, True)
    total = opinion(service, task, *[(f"{n}.pdf", pdf(LIMIT)) for n in range(6)])
    assert total.status_code == 413
    assert "附件合计超过上限 5.2 MB" in total.text
    # Nothing of all this was kept.
    with service.store.db.read() as session:
        query = "SELECT count(*) FROM attachments WHERE task_id = :task"
        assert session.execute(text(query), {"task": task["id"]}).scalar_one() == 0
    assert "每个不超过 1 MB，合计不超过 5 MB" in service.client.get(f"/tasks/{task['id']}").text


def test_a_real_server_answers_a_body_that_is_too_large(tmp_path: Path) -> None:
    # It has to read on to the end: a client that still sends would see a reset and no answer.
    over = {"max_attachment_bytes": LIMIT, "max_body_bytes": LIMIT}
    with running(tmp_path, **over) as (address, _), httpx2.Client(base_url=address) as client:
        body, kind = pdf(3 * LIMIT), {"content-type": "application/json"}
        for path, content, status in (
            ("/api/v1/tasks/1/attachments?name=a.pdf", body, 413),
            ("/api/v1/tasks/1/attachments?name=a.pdf", chunks(body), 401),
            ("/api/v1/evaluations", body, 413),
            ("/api/v1/evaluations", chunks(body), 413),
        ):
            answer = client.post(path, content=content, headers=kind)
            assert answer.status_code == status, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
