"""Checkpoints: the head of the audit log, signed, and put where whoever has the database cannot reach.

Cutting the newest entries off leaves a whole chain. A head kept elsewhere tells; it is pushed on a
schedule to a file (another disk, write-once), syslog (another machine) or a webhook. A time-stamping
authority (RFC 3161) can say when: then nobody who has the signing key makes heads of former days.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Any

import httpx2
from cryptography.x509 import Certificate
from sqlalchemy import text, update

from api.database.db import Database
from api.database.tables import Counter
from api.signing import timestamps
from api.signing.keys import SignatureError, Signer, check, message_of
from api.store import audit
from api.store.audit import Head

FORMAT = "admission-checkpoint/1"
MARK = "checkpoint.last"
AGAIN_SECONDS = 60
TIMEOUT_SECONDS = 10.0
STAMP = "timestamp"
# How far our clock and the authority's may be apart, the way there and back included.
STAMP_WITHIN = dt.timedelta(minutes=5)
log = logging.getLogger("api")


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where checkpoints go: a file, ``host:port`` or a socket's path, an address; and how often."""

    seconds: int
    file: Path | None = None
    syslog: str | None = None
    webhook: str | None = None
    # The time-stamping authority's address; it is asked, and keeps nothing.
    authority: str | None = None

    @property
    def any(self) -> bool:
        """Whether they go anywhere."""
        return bool(self.file or self.syslog or self.webhook)


def make(db: Database, signer: Signer, now: dt.datetime) -> dict[str, Any]:
    """A checkpoint of the log as it is."""
    with db.read() as session:
        head = audit.head(session)
    told = {
        "format": FORMAT,
        "seq": head.seq,
        "hash": head.hash,
        "made_at": now.astimezone(dt.UTC).isoformat(timespec="seconds"),
    }
    return {**told, "signature": signer.sign(FORMAT, told)}


def due(db: Database, sinks: Sinks, now: dt.datetime) -> bool:
    """Whether it is time, and this process is the one that does it."""
    moment = int(now.timestamp())
    start = text("INSERT INTO counters (name, last) VALUES (:name, 0) ON CONFLICT DO NOTHING")
    with db.read() as session:
        mark = session.get(Counter, MARK)
        if mark is not None and mark.last > moment - sinks.seconds:
            return False
    with db.write() as session:
        session.execute(start, {"name": MARK})
        claim = update(Counter).where(Counter.name == MARK, Counter.last <= moment - sinks.seconds)
        done = session.execute(claim.values(last=moment).returning(Counter.last)).first()
    return done is not None


def push(checkpoint: Mapping[str, Any], sinks: Sinks) -> list[str]:
    """Put it everywhere it goes; what failed, one line each."""
    line = json.dumps(checkpoint, ensure_ascii=False, sort_keys=True)
    ways: list[tuple[str, Callable[[], None]]] = []
    if sinks.file is not None:
        path = sinks.file
        ways.append((f"文件 {path}", lambda: _append(path, line)))
    if sinks.syslog is not None:
        address = sinks.syslog
        ways.append((f"syslog {address}", lambda: _syslog(address, line)))
    if sinks.webhook is not None:
        url = sinks.webhook
        ways.append((f"webhook {url}", lambda: _post(url, checkpoint)))
    failed = []
    for name, way in ways:
        try:
            way()
        except (OSError, httpx2.HTTPError) as error:
            failed.append(f"链头没有送到{name}：{error}")
    return failed


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file of checkpoints holds: heads whose signatures hold, how many of them have a time stamp
    that was checked and that nobody could check, and what is wrong with the others."""

    heads: tuple[Head, ...]
    wrong: tuple[str, ...]
    stamped: int = 0
    unchecked: int = 0


def stamp(checkpoint: dict[str, Any], authority: str | None) -> list[str]:
    """Have the authority, if any, stamp it; what failed. Without its stamp a checkpoint is still one."""
    if authority is None:
        return []
    try:
        checkpoint[STAMP] = timestamps.stamped(authority, message_of(FORMAT, checkpoint))
    except (SignatureError, httpx2.HTTPError) as error:
        return [f"链头没有得到时间戳（{authority}）：{error}"]
    return []


def once(db: Database, signer: Signer, sinks: Sinks, now: dt.datetime | None = None) -> bool:
    """Push a checkpoint if it is time; what fails is logged and tried again in a minute."""
    moment = now or dt.datetime.now(dt.UTC)
    if not sinks.any or not due(db, sinks, moment):
        return False
    checkpoint = make(db, signer, moment)
    failed = stamp(checkpoint, sinks.authority)
    failed += push(checkpoint, sinks)
    for line in failed:
        log.error(line)
    if failed:
        again = int(moment.timestamp()) - sinks.seconds + min(AGAIN_SECONDS, sinks.seconds)
        with db.write() as session:
            session.execute(update(Counter).where(Counter.name == MARK).values(last=again))
    return True


def _append(path: Path, line: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _syslog(address: str, line: str) -> None:
    host, _, port = address.rpartition(":")
    where: str | tuple[str, int] = (host, int(port)) if host and port.isdecimal() else address
    handler = _Told(where, SysLogHandler.LOG_AUTHPRIV, socket.SOCK_DGRAM)
    try:
        handler.emit(logging.makeLogRecord({"msg": f"admission checkpoint {line}", "levelno": 20}))
    finally:
        handler.close()


class _Told(SysLogHandler):
    """One that says what goes wrong, instead of printing it."""

    def handleError(self, _record: logging.LogRecord) -> None:
        error = sys.exception()
        if error is not None:
            raise error


def _post(url: str, checkpoint: Mapping[str, Any]) -> None:
    with httpx2.Client(timeout=TIMEOUT_SECONDS) as client:
        client.post(url, json=dict(checkpoint)).raise_for_status()


def read(path: Path, trusted: str | None, roots: Sequence[Certificate] = ()) -> Kept:
    """What a file of checkpoints holds; ``roots`` are the certificates that time stamps rest on."""
    heads, wrong, stamps = [], [], []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        # A line of syslog has its own words before it.
        start = line.find("{")
        try:
            told = json.loads(line[start:])
            token = told.pop(STAMP, None)
            message = message_of(FORMAT, told)
            signature = told.pop("signature", None)
            check(FORMAT, told, signature, trusted)
            head = Head(int(told["seq"]), str(told["hash"]))
            if token is not None and roots:
                _in_time(told, timestamps.check(message, str(token), roots))
        except SignatureError as error:
            wrong.append(f"{path}:{number}：{error}")
        except (ValueError, KeyError, TypeError, AttributeError):
            wrong.append(f"{path}:{number}：不是链头")
        else:
            heads.append(head)
            stamps.append(token is not None)
    count = sum(stamps)
    return Kept(tuple(heads), tuple(wrong), count if roots else 0, 0 if roots else count)


def _in_time(told: Mapping[str, Any], stamped_at: dt.datetime) -> None:
    """Raise SignatureError where a checkpoint says another time than the authority."""
    apart = abs(dt.datetime.fromisoformat(told["made_at"]) - stamped_at)
    if apart > STAMP_WITHIN:
        raise SignatureError(
            f"写的时间是 {told['made_at']}，时间戳却是 {stamped_at.isoformat(timespec='seconds')}"
        )
