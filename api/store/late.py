"""Reads of decisions that could not be written into the audit log at once: kept, and written later.

A decision may be read while the database is locked or cannot be written, but never without a trace: the
entry goes to a file first (0600, flushed to disk), and from there into the log as soon as that
takes it, with the time of the reading. Where not even the file can be written the reading is refused.
One file for all processes of a database; after a crash an entry may stand in the log twice, with the
same ``late`` word, and never not at all.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.database.db import Database
from api.errors import Locked
from api.store.work import Actor

if TYPE_CHECKING:
    from api.store.core import Store

log = logging.getLogger("api")
# How long a reader waits for the audit log.
BRIEF_SECONDS = 0.5
FAILED = (DBAPIError, PoolTimeout, Locked)


def names(db: Database) -> tuple[str, str]:
    """What the file of a database is called, and what those are that are being written into its log.

    Databases that keep their files in one directory have one each.
    """
    return f"late-reads-{db.tag}.jsonl", f"late-reads-{db.tag}-*.taken"


def record_read(
    store: Store, actor: Actor, subject: str, after: dict[str, Any], request_id: str | None
) -> None:
    """Write that ``subject`` was read: into the log, or to be written later. Raises Locked."""
    try:
        with store.work(actor, request_id, BRIEF_SECONDS) as work:
            work.log("decision.read", subject, None, after)
    except FAILED as error:
        entry = {
            "account_id": actor.account_id,
            "name": actor.name,
            "display_name": actor.display_name,
            "request_id": request_id,
            "subject": subject,
            "after": {
                **after,
                "read_at": dt.datetime.now(dt.UTC).isoformat(),
                "late": uuid.uuid4().hex,
            },
        }
        try:
            _keep(store.db, entry)
        except OSError as trouble:
            raise Locked("查阅要留下记录，眼下写不进去") from trouble
        log.warning("audit: a reading is written later: %s", str(error).split("\n", 1)[0])


def _keep(db: Database, entry: dict[str, Any]) -> None:
    directory, (name, _) = db.directory, names(db)
    directory.mkdir(parents=True, exist_ok=True)
    line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
    while True:
        with _opened(directory / name, os.O_APPEND | os.O_CREAT) as (file, there):
            if there:
                os.write(file, line)
                os.fsync(file)
                return


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[tuple[int, bool]]:
    """A file of ours, locked; whether it still stands at its place."""
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            there = os.stat(path).st_ino == os.fstat(file).st_ino
        except FileNotFoundError:
            there = False
        yield file, there
    finally:
        os.close(file)


def write_late(store: Store) -> int:
    """Bring what was kept into the audit log; how many entries. Raises what the database raises."""
    directory, (name, taken) = store.db.directory, names(store.db)
    if (directory / name).exists():
        with _opened(directory / name, 0) as (_, there):
            if there:
                os.rename(directory / name, directory / taken.replace("*", uuid.uuid4().hex))
    written = 0
    for path in sorted(directory.glob(taken)):
        with _opened(path, 0) as (file, there):
            if there:
                with os.fdopen(os.dup(file), "rb") as text:
                    entries = [json.loads(line) for line in text if line.endswith(b"\n")]
                for entry in entries:
                    _write(store, entry)
                os.unlink(path)
                written += len(entries)
    return written


def _write(store: Store, entry: dict[str, Any]) -> None:
    actor = Actor(entry["account_id"], entry["name"], entry["display_name"], frozenset())
    with store.work(actor, entry["request_id"], BRIEF_SECONDS) as work:
        work.log("decision.read", entry["subject"], None, entry["after"])
