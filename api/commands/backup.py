"""Backup and restore: every table in one .zip, the same for SQLite and PostgreSQL.

A backup is one consistent snapshot: JSON Lines for each table, and a manifest with the structure's
revision, the rows and SHA-256 of each table, and the head of the audit chain. Restoring fills an
empty database, of either kind, and believes nothing: sums, rows and the audit chain are checked
before the transaction commits.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Date, LargeBinary

from api.database import (
    agreement_tables,
    care_tables,
    outbox_tables,
    proposal_tables,
    review_tables,
)
from api.database.db import Database
from api.database.tables import ApiKey, Base, Counter, Utc
from api.signing.keys import SignatureError, Signer, check
from api.store import audit, verifying
from api.store.core import Store
from api.store.verifying import STRUCTURE
from api.store.work import SYSTEM, Work

FORMAT = 1
BATCH = 500
# Rows that carry files are large: fewer of them at once.
BATCHES = {"attachments": 8, "attachment_parts": 16, "document_parts": 16}
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
SIGNED = "admission-backup/1"
# Who held a session then must not hold one again because of a restore; what was to be sent has been sent.
NEVER_BACK = frozenset({"logins", "outbox"})
assert (
    outbox_tables.Message.metadata
    is care_tables.Obstacle.metadata
    is agreement_tables.Agreement.metadata
    is review_tables.Task.metadata
    is proposal_tables.Proposal.metadata
    is Base.metadata
)


class BackupError(Exception):
    """The backup cannot be used, or the database cannot take it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    revision: str
    made_at: str
    rows: dict[str, int]
    digests: dict[str, str]
    audit_seq: int
    audit_hash: str


def _tables() -> list[Table]:
    return list(Base.metadata.sorted_tables)


def _dump(value: Any) -> Any:
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _load(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    out = {}
    for name, value in row.items():
        kind = table.c[name].type
        if value is not None and isinstance(kind, Utc):
            value = dt.datetime.fromisoformat(value)
        elif value is not None and isinstance(kind, Date):
            value = dt.date.fromisoformat(value)
        elif value is not None and isinstance(kind, LargeBinary):
            value = base64.b64decode(value)
        out[name] = value
    return out


def _lines(session: Session, table: Table) -> Iterator[bytes]:
    query = select(table).order_by(*table.primary_key.columns)
    query = query.execution_options(yield_per=BATCHES.get(table.name, BATCH))
    for row in session.execute(query).mappings():
        data = {k: _dump(v) for k, v in row.items()}
        yield json.dumps(data, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def digest_of(
    session: Session, table: Table, write: Callable[[bytes], object] = lambda _line: None
) -> tuple[int, str]:
    """How many rows a table has, and the SHA-256 of them as a backup holds them; ``write`` gets each."""
    digest, count = hashlib.sha256(), 0
    for line in _lines(session, table):
        write(line)
        digest.update(line)
        count += 1
    return count, digest.hexdigest()


def tables_of(manifest: Manifest) -> list[Table]:
    """The tables that a backup has rows of."""
    return [table for table in _tables() if table.name in manifest.rows]


def backup(db: Database, path: Path, signer: Signer | None = None) -> Manifest:
    """Write a backup to ``path``, its manifest signed; the service may go on meanwhile.

    Raises BackupError if it exists.
    """
    if path.exists():
        raise BackupError(f"文件已存在：{path}")
    revision = db.revision()
    if revision is None:
        raise BackupError("数据库是空的")
    rows: dict[str, int] = {}
    digests: dict[str, str] = {}
    part = path.with_name(path.name + ".part")
    # It holds what the database holds, password hashes too.
    part.touch(mode=0o600)
    with db.read() as session, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        if not db.sqlite:
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        for table in _tables():
            with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as out:
                rows[table.name], digests[table.name] = digest_of(session, table, out.write)
        head = audit.head(session)
        made = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        manifest = Manifest(
            revision=revision,
            made_at=made,
            rows=rows,
            digests=digests,
            audit_seq=head.seq,
            audit_hash=head.hash,
        )
        data = {"format": FORMAT, **{k: getattr(manifest, k) for k in Manifest.__slots__}}
        archive.writestr(MANIFEST, json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True))
        if signer is not None:
            archive.writestr(SIGNATURE, json.dumps(signer.sign(SIGNED, data)))
    part.rename(path)
    return manifest


def read_manifest(path: Path) -> Manifest:
    """What a backup says it holds. Raises BackupError."""
    try:
        with zipfile.ZipFile(path) as archive:
            data = json.loads(archive.read(MANIFEST))
        if data.pop("format") != FORMAT:
            raise BackupError("备份格式不认识")
        return Manifest(**data)
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise BackupError(f"不是可用的备份：{error}") from None


def signed_by(path: Path, trusted: str | None = None) -> str | None:
    """The key that signed a backup's manifest; None where nobody did. Raises BackupError."""
    try:
        with zipfile.ZipFile(path) as archive:
            if SIGNATURE not in archive.namelist():
                return None
            told = json.loads(archive.read(MANIFEST))
            return check(SIGNED, told, json.loads(archive.read(SIGNATURE)), trusted)
    except SignatureError as error:
        raise BackupError(f"备份的清单：{error}") from None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BackupError(f"不是可用的备份：{error}") from None


def restore(
    db: Database, path: Path, *, trusted: str | None = None, keep_keys: bool = False
) -> Manifest:
    """Fill an empty database from a backup, or leave it empty. Raises BackupError.

    Sessions are not restored, and API keys are revoked unless ``keep_keys``: a backup is as old as it
    is, and who has lost a key or a login since then must not have it back.
    """
    manifest, signer = read_manifest(path), signed_by(path, trusted)
    if db.revision() is not None:
        with db.read() as session:
            if any(session.scalar(select(func.count()).select_from(t)) for t in _tables()):
                raise BackupError("目标数据库里已有数据，恢复只能写入空库")
    # Rows fit the structure they came from; it is brought forward when all of them are in.
    db.migrate(manifest.revision)
    try:
        with zipfile.ZipFile(path) as archive, db.write() as session:
            told = {MANIFEST, *(f"{name}.jsonl" for name in manifest.rows)}
            told |= {SIGNATURE} if signer is not None else set()
            if differing := sorted(told.symmetric_difference(archive.namelist())):
                raise BackupError(f"备份里的文件与清单不符：{'、'.join(differing)}")
            for table in tables_of(manifest):
                with archive.open(f"{table.name}.jsonl") as lines:
                    _fill(session, table, lines, manifest)
            _follow(db, session, set(manifest.rows))
            if "attachment_parts" in manifest.rows:
                _check_files(session, documents="document_parts" in manifest.rows)
            _, broken = audit.verify(session, audit.Head(manifest.audit_seq, manifest.audit_hash))
            if broken:
                raise BackupError(f"审计日志不完整：{broken[0].detail}")
            if manifest.revision == db.head():
                _check_rows(session)
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BackupError(f"备份已损坏：{error}") from None
    store = Store(db, "reference")
    store.bring_forward()
    with store.work(SYSTEM) as work:
        revoked = [] if keep_keys else _revoke(work)
        told_of = {"made_at": manifest.made_at, "audit_seq": manifest.audit_seq}
        after = told_of | {"signed_by": signer, "revoked": revoked}
        work.log("database.restore", "database", None, after)
    return manifest


def _revoke(work: Work) -> list[str]:
    """End every key that still counts; which they were."""
    keys = work.session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_(None))).all()
    for key in keys:
        key.revoked_at = work.now
    return [key.prefix for key in keys]


def _check_rows(session: Session) -> None:
    """Hold every row of evidence against the log, where there are seals in it."""
    if session.get(Counter, STRUCTURE) is None:
        return
    unlike, _ = verifying.rows(session)
    for item in (*unlike, *verifying.contents(session)):
        raise BackupError(f"备份里的记录与审计日志不符：{item.detail}")


def _fill(session: Session, table: Table, lines: IO[bytes], manifest: Manifest) -> None:
    digest, count = hashlib.sha256(), 0
    batch: list[dict[str, Any]] = []
    for line in lines:
        digest.update(line)
        count += 1
        if table.name in NEVER_BACK:
            continue
        batch.append(_load(table, json.loads(line)))
        if len(batch) == BATCHES.get(table.name, BATCH):
            session.execute(insert(table), batch)
            batch = []
    if batch:
        session.execute(insert(table), batch)
    if count != manifest.rows[table.name] or digest.hexdigest() != manifest.digests[table.name]:
        raise BackupError(f"备份已损坏：{table.name} 与清单不符")


def _check_files(session: Session, *, documents: bool) -> None:
    """Hold every file against the size and SHA-256 that were registered with it."""
    for what, key in verifying.unlike_files(session, documents=documents):
        raise BackupError(f"备份已损坏：第 {key} 号{what}与登记的大小或摘要不符")


def _follow(db: Database, session: Session, restored: set[str]) -> None:
    """Let PostgreSQL's sequences go on after the restored numbers."""
    if db.sqlite:
        return
    for table in _tables():
        column = table.primary_key.columns.values()[0]
        # A backup of an earlier structure has not all of the tables, nor has the database yet.
        if column.name == "id" and table.name in restored:
            session.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                    f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {table.name}), false)"
                )
            )
