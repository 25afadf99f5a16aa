"""Keep a small database that this version wrote, so that tests of later versions upgrade it.

``python -m scripts.keep_database`` writes ``tests/databases/<version>.db.xz`` and copies the field
file to ``api/database/migrations/field_files/<version>.yaml``. Run it once for each release.
"""

from __future__ import annotations

import lzma
import sqlite3
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from api.store import accounts
from api.store.rulesets import publish
from evaluator.dossier.fields import base_text
from evaluator.rulebook.load import load_directory
from tests.api.support import ROOT, Service, example

DEPARTMENT = "department:natural_resources"


def main() -> None:
    """Write the database and the field file of this version."""
    now = version("project-admission")
    with TemporaryDirectory() as directory:
        path = Path(directory) / "kept.db"
        fill(path)
        packed = lzma.compress(path.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    out = ROOT / "tests" / "databases" / f"{now}.db.xz"
    out.write_bytes(packed)
    fields = ROOT / "api" / "database" / "migrations" / "field_files" / f"{now}.yaml"
    fields.write_text(base_text(), "utf-8")
    print(f"{out.relative_to(ROOT)}: {len(packed)} bytes; {fields.relative_to(ROOT)}")


def fill(path: Path) -> None:
    """Accounts, projects, decisions under two rulesets, tasks, an attachment, commitments."""
    # Nobody logs in to it: the passwords may cost little.
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    accounts._hasher = lambda: cheap
    with Service(f"sqlite:///{path}", engine="reference") as service:
        for stem in ("d01", "d02", "r12", "r15"):
            service.submit(stem, headers={"idempotency-key": f"key-{stem}"})
        number = service.submit("r01")["number"]
        _supplement(service, number)
        _review(service)
        _promise(service, number)
        _publish(service, ROOT / "profiles" / "longchang")
        for stem in ("d01", "r36"):
            service.submit(stem)
        _publish(service, ROOT)
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode=DELETE", "VACUUM"):
        connection.execute(statement)
    connection.close()


def _call(service: Service, role: str, method: str, path: str, **more: Any) -> Any:
    answer = service.call(role, method, path, **more)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def _supplement(service: Service, number: str) -> None:
    dossier = {**example("r01"), "debt_ratio": "55"}
    _call(service, "submitter", "POST", f"/projects/{number}/versions", json=dossier)


def _review(service: Service) -> None:
    tasks = _call(service, DEPARTMENT, "GET", "/tasks")["items"]
    task = next(t["id"] for t in tasks if t["state"] == "open")
    more = {"params": {"name": "a.pdf"}, "content": b"%PDF-1.7\n"}
    kind = {"content-type": "application/pdf"}
    _call(service, DEPARTMENT, "POST", f"/tasks/{task}/attachments", headers=kind, **more)


def _promise(service: Service, number: str) -> None:
    promises = [
        {"kind": "signed", "due_on": "2026-01-15"},
        {"kind": "tax", "due_on": "2026-01-15", "promised": "100"},
    ]
    path = f"/projects/{number}/commitments"
    made = _call(service, "committee", "POST", path, json={"promises": promises})
    report = {"on_date": "2026-01-01", "value": "101"}
    _call(service, "submitter", "POST", f"/commitments/{made[1]['id']}/reports", json=report)


def _publish(service: Service, directory: Path) -> None:
    with service.store.work(service.actors["publisher"]) as work:
        publish(work, load_directory(directory), "service", "kept")


if __name__ == "__main__":
    main()
