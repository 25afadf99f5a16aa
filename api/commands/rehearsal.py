"""A restore tried out: into a database of its own that goes afterwards, compared with what was saved."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from api.commands.audit import judged_again
from api.commands.backup import NEVER_BACK, Manifest, digest_of, restore, tables_of
from api.database.db import Database
from api.database.tables import AuditEntry
from api.store import verifying

# A restore writes these itself: it adds an entry to the log, and counts anew.
WRITTEN = frozenset({"audit_log", "counters"})


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a restored backup holds, how long that took in seconds, and what is wrong with it."""

    manifest: Manifest
    seconds: float
    replayed: int
    wrong: tuple[str, ...]


def rehearse(path: Path, *, trusted: str | None = None, replay: str = "20") -> Rehearsal:
    """Restore a backup into an embedded database, compare every table, and judge decisions again.

    ``replay`` is how many, or "all". Raises BackupError where it cannot be restored at all.
    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="admission-rehearsal-") as folder:
        db = Database(f"sqlite:///{folder}/rehearsal.db")
        try:
            manifest = restore(db, path, trusted=trusted, keep_keys=True)
            seconds = time.monotonic() - start
            with db.read() as session:
                checked = verifying.check(session)
                wrong = [b.detail for b in (*checked.broken, *verifying.contents(session))]
                # Rows of an earlier structure were brought forward, and are not as they were saved.
                if manifest.revision == db.head():
                    for table in tables_of(manifest):
                        if table.name not in WRITTEN | NEVER_BACK:
                            saved = (manifest.rows[table.name], manifest.digests[table.name])
                            if digest_of(session, table) != saved:
                                wrong.append(f"表 {table.name} 恢复出来与备份时不同")
            replayed, differing = judged_again(db, replay)
        finally:
            db.close()
    return Rehearsal(manifest, seconds, replayed, (*wrong, *differing))


def unlike(db: Database, manifest: Manifest) -> str | None:
    """Why a backup is not one of the database that runs: what the log has at its head; None if it is."""
    if db.revision() is None:
        return "运行的数据库是空的"
    with db.read() as session:
        entry = session.get(AuditEntry, manifest.audit_seq)
    if entry is None:
        return f"运行的数据库没有备份里的第 {manifest.audit_seq} 条日志"
    if entry.hash != manifest.audit_hash:
        return f"运行的数据库的第 {manifest.audit_seq} 条日志与备份里的不同"
    return None
