"""The database: one engine for reading and writing, migrations, and what may go wrong with it.

A write transaction is serial on SQLite (BEGIN IMMEDIATE, and a lock within the process, which is
fair where SQLite's own waiting is not). On PostgreSQL writers meet only at the audit chain.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from api.errors import Unmigrated

MIGRATION_LOCK = 7_305_001
SQLITE_WAIT_MS = 30_000


class Database:
    """Sessions on one database. ``url`` is a SQLAlchemy URL; PostgreSQL is reached by psycopg 3."""

    def __init__(self, url: str, pool: int = 10) -> None:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self._serial = threading.Lock()
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
            options["connect_args"] = {"timeout": SQLITE_WAIT_MS / 1000, "check_same_thread": False}
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
    def write(self) -> Iterator[Session]:
        """A session whose work is committed whole at the end, or not at all."""
        if self.sqlite:
            with self._serial, Session(self._writing) as session, session.begin():
                yield session
        else:
            with Session(self._writing) as session, session.begin():
                yield session

    def alembic(self) -> Config:
        """The configuration of the migrations that travel with the program."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        return config

    def migrate(self, revision: str = "head") -> None:
        """Bring the structure forward to ``revision``; one process at a time."""
        with self.migrating() as connection:
            config = self.alembic()
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

    def revision(self) -> str | None:
        """The revision the structure is at; None for an empty database."""
        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def check(self) -> None:
        """Raise Unmigrated unless the database answers and has the structure this program needs."""
        head = ScriptDirectory.from_config(self.alembic()).get_current_head()
        revision = self.revision()
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
        f"busy_timeout={SQLITE_WAIT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("admission_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
