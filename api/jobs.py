"""Long work beside the requests: a thread that watches the queue and the publication in force.

Each run is done by a process of its own (``python -m api.jobs``), so that neither a proof of many
seconds nor a crash inside the solver touches the server. The thread beats for it meanwhile, and
looks after the ruleset in force, so that no request waits for one to load. Where there are many
decisions, a process of low priority copies the new ones for the impact of the next proposal; another
has approved drafts judge what was decided since.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from api.database.db import Database
from api.database.tables import Decision
from api.errors import Locked
from api.settings import Settings
from api.signing.keys import Signer
from api.store import checkpoints
from api.store.checkpoints import Sinks
from api.store.core import Store
from api.store.late import write_late
from api.store.messages import round as messages
from api.store.messages.ways import Ways
from api.store.projects.repeats import forget_answers
from api.store.proposals import runs, shadow
from api.store.proposals.stored import copies_directory, copy_decisions
from api.store.review.silence import SUPERVISION
from api.store.rulesets import current_identity
from evaluator.revision.impact import COLUMNAR_FROM

log = logging.getLogger("api")
RUN = "ADMISSION_JOB_RUN"
URL = "ADMISSION_DATABASE_URL"
DIRECTORY = "ADMISSION_IMPACT_DIRECTORY"
COPIES = "copies"
SHADOW = "shadow"
SHADOW_SECONDS = 10.0  # At least, from one round of approved drafts to the next.
COPY_EACH = 1000  # Decisions.
BEAT_SECONDS = 5.0
LIMIT_SECONDS = 900.0


def wake(request: Request) -> None:
    """Have this server's worker look at the queue now; without a worker it waits there."""
    jobs: Jobs | None = getattr(request.app.state, "jobs", None)
    if jobs is not None:
        jobs.wake()


# Who signs the heads of the audit log, and where they are kept.
Keep = tuple[Signer, Sinks]


class Jobs:
    """The watching thread of one server process. ``wake`` makes it look at once."""

    def __init__(
        self,
        store: Store,
        seconds: float = 1.0,
        copies: Path | None = None,
        keep: Keep | None = None,
        ways: Ways | None = None,
    ) -> None:
        self._store = store
        self._keep = keep
        self._ways = ways or Ways()
        self._directory = copies_directory(store.db, copies)
        self._copier: subprocess.Popen[str] | None = None
        self._running: subprocess.Popen[str] | None = None
        self._copied: tuple[str | None, int] = (None, 0)
        self._shadow: subprocess.Popen[str] | None = None
        self._shadowed = -SHADOW_SECONDS
        self._seconds = max(seconds, 0.2)
        self._forgot: dt.date | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch; again after a stop, too."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="jobs", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """End; a run under way is left to whoever claims it next."""
        self._stop.set()
        self._wake.set()
        running = self._running
        if running is not None:
            running.kill()  # So that a stop need not wait for the next beat.
        if self._thread is not None:
            self._thread.join(timeout=BEAT_SECONDS * 2)
        for beside in (self._copier, self._shadow):
            if beside is not None:
                beside.kill()
                beside.communicate()
        self._copier = self._shadow = None

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._store.rulesets.refresh()
                write_late(self._store)
                self._store.uses.write(self._store.db)
                self._forget()
                if self._keep is not None:
                    checkpoints.once(self._store.db, *self._keep)
                if self._ways.any or self._store.silence == SUPERVISION:
                    messages.once(self._store, self._ways)
                while not self._stop.is_set() and self.once():
                    pass
                self.copy()
                self.shadow()
            except (SQLAlchemyError, Locked, OSError) as error:
                log.error("jobs: %s", str(error).split("\n", 1)[0])
            self._wake.wait(self._seconds)
            self._wake.clear()

    def _forget(self) -> None:
        now = dt.datetime.now(dt.UTC)
        if self._forgot != now.date():
            forget_answers(self._store.db, now)
            self._forgot = now.date()

    def once(self) -> bool:
        """Do the oldest run that waits, in a process of its own; False where there is none."""
        db = self._store.db
        with db.read() as session:
            if not runs.waiting(session):
                return False
        run_id = runs.claim(db)
        if run_id is None:
            return False
        self._supervise(db, run_id)
        return True

    def copy(self) -> bool:
        """See to copies of what has been decided since; whether a process is at it."""
        if self._copier is not None:
            if self._copier.poll() is None:
                return True
            said = self._copier.communicate()[1]
            if self._copier.returncode:
                log.error("copies of decisions: %s", said[-4000:])
            self._copier = None
        with self._store.db.read() as session:
            newest = session.scalar(select(func.max(Decision.id))) or 0
            identity = current_identity(session)
        before, seen = self._copied
        if newest < COLUMNAR_FROM or (identity == before and newest < seen + COPY_EACH):
            return False
        self._copied = (identity, newest)
        self._copier = self._process(COPIES)
        return True

    def shadow(self) -> bool:
        """Have approved drafts judge what was decided since; whether a process is at it."""
        if self._shadow is not None:
            if self._shadow.poll() is None:
                return True
            said = self._shadow.communicate()[1]
            if self._shadow.returncode:
                log.error("approved drafts: %s", said[-4000:])
            self._shadow = None
        if time.monotonic() < self._shadowed + SHADOW_SECONDS:
            return False
        self._shadowed = time.monotonic()
        with self._store.db.read() as session:
            if not shadow.waiting(session):
                return False
        self._shadow = self._process(SHADOW)
        return True

    def _process(self, what: str) -> subprocess.Popen[str]:
        url = self._store.db.url.render_as_string(hide_password=False)
        # By environment: what stands in a command line can be read by every user of the machine.
        env = {**os.environ, URL: url, RUN: what}
        if self._directory is not None:
            env[DIRECTORY] = str(self._directory)
        return subprocess.Popen(
            [sys.executable, "-m", "api.jobs"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _supervise(self, db: Database, run_id: int) -> None:
        process = self._running = self._process(str(run_id))
        try:
            self._await(process, db, run_id)
        finally:
            self._running = None

    def _await(self, process: subprocess.Popen[str], db: Database, run_id: int) -> None:
        waited, said = 0.0, ""
        while True:
            try:
                _, said = process.communicate(timeout=BEAT_SECONDS)
                break
            except subprocess.TimeoutExpired:
                waited += BEAT_SECONDS
                over = waited > LIMIT_SECONDS
                if self._stop.is_set() or over or not runs.beat(db, run_id):
                    process.kill()
                    process.communicate()
                    if over:
                        runs.fail(db, run_id, f"超过 {LIMIT_SECONDS:.0f} 秒没有完成")
                    return
        if process.returncode != 0 and not self._stop.is_set():
            last = said.strip().splitlines()[-1:] or [f"进程以 {process.returncode} 结束"]
            log.error("run %s failed: %s", run_id, said[-4000:])
            runs.fail(db, run_id, f"检查程序出错：{last[0]}")


def main() -> None:
    """Do what the environment names: a run, copies of decisions, or the round of approved drafts."""
    settings = Settings()
    db = Database(settings.database_url, 2)
    directory = copies_directory(db, settings.impact_directory)
    try:
        if os.environ[RUN] == COPIES:
            os.nice(10)
            copy_decisions(db, directory)
        elif os.environ[RUN] == SHADOW:
            os.nice(10)
            shadow.judge(db)
        else:
            runs.execute(db, int(os.environ[RUN]), directory)
    finally:
        db.close()


if __name__ == "__main__":
    main()
