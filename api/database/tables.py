"""The tables, the same on SQLite and PostgreSQL.

Times are UTC; JSON is canonical text, so that what was hashed is what is stored. Tables in
``IMMUTABLE`` refuse UPDATE and DELETE by trigger (see migrations): decisions, what they rest on,
what people said about them, and the log.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

IMMUTABLE = ("rulesets", "publications", "decisions", "hits", "audit_log")
BigInt = BigInteger().with_variant(Integer, "sqlite")


def dump_json(value: Any) -> str:
    """Canonical JSON text: sorted keys, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Utc(TypeDecorator[dt.datetime]):
    """An aware UTC time; SQLite keeps it without zone, PostgreSQL with."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: dt.datetime | None,
        _dialect: Dialect,
    ) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Json(TypeDecorator[Any]):
    """JSON data as canonical text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        return None if value is None else dump_json(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dt.datetime: Utc,
        dt.date: Date,
        dict[str, Any]: Json,
        dict[str, str]: Json,
        list[str]: Json,
    }


class StoredRuleset(Base):
    """A ruleset with the source text it can be loaded from again.

    ``fields`` is the field file of the version that stored it: a later version has another.
    """

    __tablename__ = "rulesets"

    identity: Mapped[str] = mapped_column(String(64), primary_key=True)
    profile_id: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(Text)
    layers: Mapped[Any] = mapped_column(Json)
    fields: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[dt.datetime]


class Publication(Base):
    """Which ruleset is in force: the newest publication."""

    __tablename__ = "publications"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    identity: Mapped[str] = mapped_column(ForeignKey("rulesets.identity"))
    source: Mapped[str] = mapped_column(String(20))
    published_by: Mapped[str] = mapped_column(String(200))
    published_at: Mapped[dt.datetime]
    note: Mapped[str | None] = mapped_column(Text)


class Account(Base):
    """A person or a program; ``subject`` ties it to an OpenID Connect identity."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    # Until when the password counts, where it is a first one; None for one of the owner's choice.
    password_until: Mapped[dt.datetime | None]
    subject: Mapped[str | None] = mapped_column(String(500), unique=True)
    roles: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(Boolean)
    # The default is the database's: rows of an earlier structure are restored without it.
    revision: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[dt.datetime]


class Login(Base):
    """A browser session; only the hash of its token is kept."""

    __tablename__ = "logins"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    # When it was used last, from where it was begun, and when the password was given last.
    seen_at: Mapped[dt.datetime | None]
    source: Mapped[str | None] = mapped_column(String(100))
    proved_at: Mapped[dt.datetime | None]
    # What it waits for before it opens anything: a second factor ("code"), or that there is one ("enrol").
    awaits: Mapped[str | None] = mapped_column(String(10))


class AccountRequest(Base):
    """What an administrator wants done to an account that approves; another one does it.

    ``secret`` and ``half`` are the hash and the second half of a password, until it is decided.
    """

    __tablename__ = "account_requests"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    account_revision: Mapped[int] = mapped_column(Integer)
    roles: Mapped[list[str]]
    active: Mapped[bool | None] = mapped_column(Boolean)
    secret: Mapped[str | None] = mapped_column(Text)
    half: Mapped[str | None] = mapped_column(String(100))
    asked_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    asked_at: Mapped[dt.datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[dt.datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))


class ApiKey(Base):
    """A key for programs: some of its account's roles, perhaps for reading only."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    prefix: Mapped[str] = mapped_column(String(20), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]]
    read_only: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    # The key that it was made with: it ends with that one.
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"), index=True)


class Counter(Base):
    """The last number given out under a name, such as the 受理编号 of a year."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int] = mapped_column(BigInt)


class Project(Base):
    """One project under its 受理编号, with what its newest decision says, for lists and filters."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    project_code: Mapped[str] = mapped_column(Text, index=True)
    name: Mapped[str] = mapped_column(Text)
    enterprise: Mapped[str | None] = mapped_column(Text)
    credit_code: Mapped[str | None] = mapped_column(String(18), index=True)
    industry: Mapped[str | None] = mapped_column(String(10), index=True)
    search: Mapped[str] = mapped_column(Text)
    submitted_on: Mapped[dt.date] = mapped_column(Date, index=True)
    version: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[str] = mapped_column(String(10), index=True)
    decision_id: Mapped[int] = mapped_column(BigInt, index=True)
    state: Mapped[str] = mapped_column(String(20), index=True)
    # That of its newest decision.
    stage: Mapped[str | None] = mapped_column(String(80))
    # Out of its newest dossier, for lists: exact numbers in 万元, 亩, 吨标准煤/年; keys for finding like ones.
    investment: Mapped[str | None] = mapped_column(Text)
    land: Mapped[str | None] = mapped_column(Text)
    energy: Mapped[str | None] = mapped_column(Text)
    zone: Mapped[str | None] = mapped_column(String(100), index=True)
    name_key: Mapped[str | None] = mapped_column(String(200), index=True)
    enterprise_key: Mapped[str | None] = mapped_column(String(200), index=True)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class Decision(Base):
    """What was judged, by what, as of when, and the canonical result with its hash. Immutable."""

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("project_id", "version"),
        # Covers listing all: the pages of dossiers and results are not read.
        Index("ix_decisions_listed", "id", "dossier_digest", "as_of"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    version: Mapped[int] = mapped_column(Integer)
    dossier: Mapped[str] = mapped_column(Text)
    dossier_digest: Mapped[str] = mapped_column(String(64))
    ruleset: Mapped[str] = mapped_column(ForeignKey("rulesets.identity"), index=True)
    as_of: Mapped[dt.date]
    engine: Mapped[str] = mapped_column(String(20))
    software: Mapped[str] = mapped_column(String(40))
    verdict: Mapped[str] = mapped_column(String(10), index=True)
    result: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    decided_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[dt.datetime] = mapped_column(Utc, index=True)
    # How the acceptance day came about; None where an earlier version of the program did not say.
    acceptance: Mapped[Any] = mapped_column(Json, nullable=True)
    # The stage that was judged at; None under a rulebook without stages, and before structure 0015.
    stage: Mapped[str | None] = mapped_column(String(80))

    @property
    def judged_at(self) -> str | None:
        """The stage, also of a decision that was stored without the column."""
        if self.stage is not None:
            return self.stage
        told = json.loads(self.result).get("stage")
        return str(told) if told is not None else None


class Hit(Base):
    """A finding of a decision that is violated or unknown, once for each responsible department."""

    __tablename__ = "hits"
    __table_args__ = (
        # Covers counting by rule: without it every row is fetched.
        Index("ix_hits_rule", "rule", "decision_id", "status", "effect"),
        Index("ix_hits_department", "department", "decision_id"),
    )

    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    rule: Mapped[str] = mapped_column(String(200), primary_key=True)
    department: Mapped[str] = mapped_column(String(100), primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    effect: Mapped[str] = mapped_column(String(10))


class Draft(Base):
    """A dossier being written: any JSON object, not yet checked."""

    __tablename__ = "drafts"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    dossier: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(Integer)
    updated_at: Mapped[dt.datetime]
    # By name, the place in a document that a value was taken from.
    origins: Mapped[Any] = mapped_column(Json, nullable=True)
    # What is known of the project beside its dossier, as it was typed.
    facts: Mapped[Any] = mapped_column(Json, nullable=True)


class Document(Base):
    """A document that values were read from; without a project until a submission names it.

    What is in it is in DocumentPart. Who held it without submitting loses it after some days.
    """

    __tablename__ = "documents"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))
    added_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    added_at: Mapped[dt.datetime]


class DocumentPart(Base):
    """One part of a document, numbered from 0."""

    __tablename__ = "document_parts"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id"), primary_key=True, autoincrement=False
    )
    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Idempotency(Base):
    """The answer given under an Idempotency-Key, to be given again."""

    __tablename__ = "idempotency"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime]


class AuditEntry(Base):
    """One entry of the hash chain; ``hash`` covers every other column and ``previous``."""

    __tablename__ = "audit_log"

    seq: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime]
    actor: Mapped[str] = mapped_column(String(200), index=True)
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200), index=True)
    before: Mapped[Any] = mapped_column(Json, nullable=True)
    after: Mapped[Any] = mapped_column(Json, nullable=True)
    request_id: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
