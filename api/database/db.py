"""The database: one engine for reading and writing, migrations, and what may go wrong with it.

A write transaction is serial on SQLite (BEGIN IMMEDIATE, and a lock within the process, which is
fair where SQLite's own waiting is not). On PostgreSQL writers meet only at the audit chain.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.errors import Locked, Newer, NotAnswering, Unmigrated

MIGRATION_LOCK = 7_305_001
WAIT_SECONDS = 10.0
# So many may wait to write while one writer takes longer than that; the threads are for the readers, too.
MAX_WAITING, LONG_SECONDS = 20, 2.0
PROBE_SECONDS = 1.0
WAIT_STEP_SECONDS, WAIT_WORD_SECONDS = 1.0, 10.0


class Database:
    """Sessions on one database. ``url`` is a SQLAlchemy URL; PostgreSQL is reached by psycopg 3."""

    def __init__(self, url: str, pool: int = 10) -> None:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self._serial = threading.Lock()
        self._waiting, self._since = 0, 0.0
        # What people submitted does not belong into error messages and logs.
        options: dict[str, Any] = {
            "hide_parameters": True,
            "pool_size": pool,
            "max_overflow": pool,
            "pool_timeout": 10,
        }
        if self.sqlite:
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": WAIT_SECONDS, "check_same_thread": False}
        else:
            options["pool_pre_ping"] = True
            options["connect_args"] = {"connect_timeout": 5}
        self.engine: Engine = create_engine(parsed, **options)
        if self.sqlite:
            event.listen(self.engine, "connect", _sqlite_connect)
            event.listen(self.engine, "begin", _sqlite_begin)
        self._writing = self.engine.execution_options(admission_write=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading: one consistent snapshot on SQLite, never committed."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self, wait: float | None = None) -> Iterator[Session]:
        """A session whose work is committed whole at the end, or not at all.

        Waits for other writers, ``wait`` seconds or WAIT_SECONDS. Raises Locked, or what the
        database raises.
        """
        seconds = WAIT_SECONDS if wait is None else wait
        if not self.sqlite:
            with Session(self._writing) as session, session.begin():
                session.execute(text(f"SET LOCAL lock_timeout = {seconds * 1000:.0f}"))
                yield session
            return
        self._take_turn(seconds)
        try:
            engine = self._writing.execution_options(admission_wait=seconds)
            with Session(engine) as session, session.begin():
                yield session
        finally:
            self._serial.release()

    def _take_turn(self, seconds: float) -> None:
        stuck = time.monotonic() - self._since > LONG_SECONDS
        if self._serial.locked() and self._waiting >= MAX_WAITING and stuck:
            raise Locked("数据库正被占用")
        self._waiting += 1
        try:
            if not self._serial.acquire(timeout=seconds):
                raise Locked("数据库正被占用")
        finally:
            self._waiting -= 1
        self._since = time.monotonic()

    def probe(self) -> None:
        """Write, as little as can be. Raises Locked, or what the database raises."""
        with self.write(PROBE_SECONDS) as session:
            session.execute(text("UPDATE alembic_version SET version_num = version_num"))

    @property
    def directory(self) -> Path:
        """Where what belongs to this database is kept beside it."""
        if self.sqlite and self.url.database:
            return Path(self.url.database).parent
        return Path("var")

    @property
    def tag(self) -> str:
        """A short name for this database among those that keep something in the same directory."""
        at = self.url
        place = os.path.abspath(at.database or "") if self.sqlite else at.database
        named = f"{at.get_backend_name()}|{at.host}|{at.port}|{place}"
        return hashlib.sha256(named.encode()).hexdigest()[:12]

    def alembic(self) -> Config:
        """The configuration of the migrations that travel with the program."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        return config

    def migrate(self, revision: str = "head") -> None:
        """Bring the structure forward to ``revision``; one process at a time. Raises Newer."""
        with self.migrating() as connection:
            config = self.alembic()
            self._refuse_newer(MigrationContext.configure(connection).get_current_revision())
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

    def downgrade(self, revision: str) -> None:
        """Bring the structure back to ``revision``."""
        with self.migrating() as connection:
            self.go_back(connection, revision)

    def go_back(self, connection: Connection, revision: str) -> None:
        """The same within a transaction of ``migrating``."""
        config = self.alembic()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    def wait(self, seconds: float, say: Callable[[str], None]) -> None:
        """Return once the database answers. Raises NotAnswering after ``seconds``; ``say`` is told
        at once, and every ten seconds, what it answers instead. SQLite is a file: nothing to wait for.
        """
        end, next_word = time.monotonic() + seconds, 0.0
        while not self.sqlite:
            try:
                self.engine.connect().close()
            except OperationalError as error:
                reason = str(error.orig).strip().splitlines()[0]
                left = end - time.monotonic()
                if left <= 0:
                    raise NotAnswering(f"数据库没有应答，等了 {seconds:.0f} 秒：{reason}") from None
                if time.monotonic() >= next_word:
                    say(f"数据库还没有应答，再等最多 {left:.0f} 秒：{reason}")
                    next_word = time.monotonic() + WAIT_WORD_SECONDS
                time.sleep(min(WAIT_STEP_SECONDS, max(left, 0.01)))
            else:
                return

    def revision(self) -> str | None:
        """The revision the structure is at; None for an empty database."""
        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def head(self) -> str | None:
        """The revision that this program needs."""
        return ScriptDirectory.from_config(self.alembic()).get_current_head()

    def _refuse_newer(self, revision: str | None) -> None:
        script = ScriptDirectory.from_config(self.alembic())
        known = {s.revision for s in script.walk_revisions()}
        if revision is not None and revision not in known:
            raise Newer(
                f"数据库结构版本为 {revision}，比本程序（{self.head()}）新，什么也没有改："
                "请装写入它的程序版本，或先用那个版本运行 admission db downgrade 退回"
            )

    def check(self) -> None:
        """Raise Unmigrated, or Newer, unless the database has the structure this program needs."""
        head, revision = self.head(), self.revision()
        self._refuse_newer(revision)
        if revision != head:
            raise Unmigrated(
                f"数据库结构版本为 {revision}，程序需要 {head}；请运行 admission db upgrade"
            )

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction in which the structure is changed; one process at a time."""
        if self.sqlite and self.url.database:
            with open(f"{self.url.database}.migrate", "w") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX)
                with self._writing.begin() as connection:
                    yield connection
        else:
            with self._writing.begin() as connection:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
                yield connection

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def _sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes too late and is not immediate; see _sqlite_begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={WAIT_SECONDS * 1000:.0f}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    write = options.get("admission_write")
    if write:
        wait = options.get("admission_wait", WAIT_SECONDS)
        connection.exec_driver_sql(f"PRAGMA busy_timeout={wait * 1000:.0f}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
