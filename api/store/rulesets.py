"""Rulesets: stored with their source, one of them in force, judges made of them when needed.

The newest publication whose effective date has come is in force. The rulebook directory is put in
force once, when there is nothing yet (``install``); from then on only proposals are published, by a
second person, and what changes on disk is not taken.

Each process asks the database which publication is in force: by one small read in the transaction
of every submission, so that no decision is of a ruleset that was no longer in force, and at most
every ``check_seconds`` for evaluations that are not kept, which are many and may be a second late.
A background thread asks too (``refresh``), so that no request has to wait for a ruleset to load.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections import OrderedDict
from types import MappingProxyType

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.proposal_tables import PublicationRecord
from api.database.tables import Publication, StoredRuleset
from api.errors import Conflict, Missing, Unreadable
from api.judging.judge import Judge
from api.store.work import Work
from api.workdays.china import today as china_today
from evaluator.problems.errors import AdmissionError, InputError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.files import Layers
from evaluator.rulebook.load import load_directory, load_layers
from evaluator.rulebook.shipped import shipped_path

log = logging.getLogger("api")
KEPT = 4
PUBLICATION_LOCK = 7_305_003
WHILE_BROKEN = (
    "查询、账号、发布照常，评估和提交要等到发布一版读得出来的规则集："
    "在“规则提案”里发布，或由两人用 admission db publish 发布；也可以退回原来的程序版本"
)
INSTALLED = "首次安装：库里还没有规则集，没有第二人批准"


def current_publication(session: Session, today: dt.date | None = None) -> Publication | None:
    """The publication in force on ``today`` (in China): the newest whose effective date has come."""
    day = today or china_today()
    record = PublicationRecord
    return session.scalar(
        select(Publication)
        .outerjoin(record, record.publication_id == Publication.id)
        .where(or_(record.effective_on.is_(None), record.effective_on <= day))
        .order_by(Publication.id.desc())
        .limit(1)
    )


def current_identity(session: Session) -> str | None:
    """The identity of the ruleset in force; None before the first publication."""
    publication = current_publication(session)
    return publication.identity if publication is not None else None


def hold(session: Session, *, change: bool = False) -> None:
    """Until this transaction ends: no publication (or, with ``change``, no submission) beside it.

    Without it a submission on PostgreSQL could commit by the old ruleset after a publication had.
    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        kind = "pg_advisory_xact_lock" if change else "pg_advisory_xact_lock_shared"
        session.execute(text(f"SELECT {kind}({PUBLICATION_LOCK})"))


def store_ruleset(work: Work, ruleset: Ruleset) -> None:
    """Keep a ruleset with its source; nothing where it is kept already."""
    if work.session.get(StoredRuleset, ruleset.identity) is not None:
        return
    layers = [[name, dict(files)] for name, files in ruleset.layers]
    work.session.add(
        StoredRuleset(
            identity=ruleset.identity,
            profile_id=ruleset.profile_id,
            title=ruleset.title,
            layers=layers,
            fields=ruleset.fields_text,
            stored_at=work.now,
        )
    )
    work.session.flush()
    work.log("ruleset.store", f"ruleset:{ruleset.identity}", None, {"title": ruleset.title})


def install(work: Work, ruleset: Ruleset) -> Publication:
    """The first ruleset of an empty database, the one publication without a second person.

    The audit log says so by an action of its own. Raises Conflict where something was published.
    """
    hold(work.session, change=True)
    if work.session.scalar(select(Publication.id).limit(1)) is not None:
        raise Conflict("已经发布过规则集，之后的发布须经提案，由另一人批准")
    made = publish(work, ruleset, "directory", INSTALLED)
    after = {"identity": ruleset.identity, "exception": INSTALLED}
    work.log("ruleset.install", f"ruleset:{ruleset.identity}", None, after)
    return made


def publish(work: Work, ruleset: Ruleset, source: str, note: str | None = None) -> Publication:
    """Put a ruleset in force; ``source`` is "directory" or "service".

    Who calls this answers for the second person: ``install`` and ``proposals.publishing`` do.
    """
    hold(work.session, change=True)
    before = current_identity(work.session)
    store_ruleset(work, ruleset)
    publication = Publication(
        identity=ruleset.identity,
        source=source,
        published_by=work.actor.name,
        published_at=work.now,
        note=note,
    )
    work.session.add(publication)
    work.session.flush()
    after = {"identity": ruleset.identity, "source": source, "note": note}
    work.log("ruleset.publish", f"ruleset:{ruleset.identity}", {"identity": before}, after)
    return publication


def load_stored(session: Session, identity: str) -> Ruleset:
    """A stored ruleset, read again from its source. Raises Missing, or Unreadable."""
    stored = session.get(StoredRuleset, identity)
    if stored is None:
        raise Missing(f"没有存下规则集 {identity[:12]}")
    layers: Layers = tuple((name, MappingProxyType(files)) for name, files in stored.layers)
    try:
        ruleset = load_layers(layers, stored.fields)
    except InputError as error:
        first = str(error).strip().splitlines()[0]
        raise Unreadable(f"规则集 {identity[:12]}（{stored.title}）读不出来：{first}") from None
    if ruleset.identity != identity:
        # The identity covers the language too: a program that reads it otherwise must not judge.
        raise Unreadable(
            f"规则集 {identity[:12]}（{stored.title}）由不兼容的程序版本存下，"
            f"读出为 {ruleset.identity[:12]}"
        )
    return ruleset


class Rulesets:
    """Judges by identity. The one in force runs the chosen engine, past ones the reference."""

    def __init__(self, db: Database, engine: str, check_seconds: float = 1.0) -> None:
        self._db = db
        self._engine = engine
        self._check_seconds = check_seconds
        self._checked = 0.0
        self._lock = threading.RLock()
        self._current: Judge | None = None
        self._past: OrderedDict[str, Judge] = OrderedDict()
        # Of the ruleset in force, where it cannot be read: its identity and why not.
        self._broken: tuple[str, str] | None = None
        self._stand_in: Judge | None = None

    def current(self) -> Judge:
        """The judge of the ruleset in force, asked of the database at most every check_seconds.

        Raises Missing before the first publication, Unreadable where it cannot be read.
        """
        now = time.monotonic()
        judge = self._current
        if judge is not None and now - self._checked < self._check_seconds:
            return judge
        if judge is None:
            with self._db.read() as session:
                return self.current_in(session)
        self.refresh()
        return self._current or judge

    def trouble(self) -> str | None:
        """Why nothing can be submitted now, as a sentence; None where all is well."""
        return None if self._broken is None else self._broken[1]

    def held(self) -> Judge | None:
        """The judge in force where it was looked for within ``check_seconds``; asks nobody."""
        fresh = time.monotonic() - self._checked < self._check_seconds
        return self._current if fresh else None

    def reading(self) -> Judge:
        """The judge in force, for labels and lists; where it cannot be read, the shipped one's.

        Nobody may be judged by it: it is for pages that show records and let people in.
        """
        try:
            return self.current()
        except (Missing, Unreadable):
            if self._stand_in is None:
                self._stand_in = Judge(load_directory(shipped_path()), "reference")
            return self._stand_in

    def refresh(self) -> None:
        """Take over what is in force now, unless another thread is at it; what fails is logged.

        A ruleset that cannot be loaded never replaces the one that runs.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            with self._db.read() as session:
                self.current_in(session)
        except (Missing, Unreadable):
            pass  # Logged once, when it was found out.
        except AdmissionError as error:
            log.error("the ruleset in force cannot be loaded, the one before goes on: %s", error)
        finally:
            self._lock.release()

    def current_in(self, session: Session) -> Judge:
        """The judge of the ruleset in force as this session sees it."""
        identity = current_identity(session)
        self._checked = time.monotonic()
        judge = self._current
        if judge is not None and judge.ruleset.identity == identity:
            self._broken = None
            return judge
        if identity is None:
            raise Missing("还没有发布过规则集")
        with self._lock:
            if self._current is None or self._current.ruleset.identity != identity:
                if self._broken is not None and self._broken[0] == identity:
                    raise Unreadable(self._broken[1])
                try:
                    ruleset = load_stored(session, identity)
                except Unreadable as error:
                    self._broken = (identity, f"{error}；{WHILE_BROKEN}")
                    log.error("the ruleset in force cannot be used: %s", error)
                    raise Unreadable(self._broken[1]) from None
                # Requests under way may still hold the old judge; it goes when they let go.
                self._current, self._broken = Judge(ruleset, self._engine), None
            return self._current

    def past(self, session: Session, identity: str) -> Judge:
        """A judge for decisions of any stored ruleset, in force or not. Raises Missing, Unreadable."""
        with self._lock:
            if self._current is not None and self._current.ruleset.identity == identity:
                return self._current
            judge = self._past.get(identity)
            if judge is None:
                judge = Judge(load_stored(session, identity), "reference")
                self._past[identity] = judge
                while len(self._past) > KEPT:
                    self._past.popitem(last=False)
            else:
                self._past.move_to_end(identity)
            return judge

    def close(self) -> None:
        """Let go of the judges; each gives its engine back when nobody uses it any more."""
        with self._lock:
            self._current = None
            self._past.clear()
