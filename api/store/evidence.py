"""Evidence bound to the log: each entry seals the rows that its transaction wrote.

A row of a table in ``TABLES`` is sealed by the SHA-256 of its columns, under ``sealed`` in what the entry
it was written with tells, which the entry's hash covers. The newest seal of a row is what it must be.
What is large is sealed by the digest that stands beside it (``LEFT_OUT``), and verified against that.

Columns that are NULL are left out of what is hashed, so that a later structure may add a column that
old rows have nothing in. A migration that changes rows is followed by ``adopt``, which says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, Text, event, select, type_coerce
from sqlalchemy.orm import Session

from api.database.agreement_tables import Agreement, Amendment
from api.database.care_tables import Obstacle, ProjectFacts
from api.database.proposal_tables import (
    Proposal,
    ProposalReview,
    PublicationRecord,
    RulesetText,
)
from api.database.review_tables import (
    Attachment,
    Commitment,
    Conclusion,
    ConclusionCondition,
    Opinion,
    Report,
    Supervision,
    Task,
)
from api.database.tables import (
    Account,
    ApiKey,
    Base,
    Decision,
    Json,
    Project,
    Publication,
    StoredRuleset,
    dump_json,
)

EVIDENCE: tuple[type[Base], ...] = (
    StoredRuleset,
    RulesetText,
    Publication,
    PublicationRecord,
    Account,
    ApiKey,
    Project,
    Decision,
    Task,
    Opinion,
    Attachment,
    Conclusion,
    ConclusionCondition,
    Commitment,
    Report,
    Supervision,
    Proposal,
    ProposalReview,
    ProjectFacts,
    Obstacle,
    Agreement,
    Amendment,
)
TABLES: dict[str, Table] = {c.__tablename__: c.__table__ for c in EVIDENCE}  # type: ignore[misc]
# Sealed by a digest beside them, or not evidence: what is found out again by a later check.
LEFT_OUT = {
    "decisions": frozenset({"dossier", "result"}),
    "attachments": frozenset({"content"}),
    "proposals": frozenset({"touched", "overlap", "updated_at"}),
    # Found out again from the sealed dossier.
    "projects": frozenset(
        {"search", "investment", "land", "energy", "zone", "name_key", "enterprise_key"}
    ),
}
# What people call a row of each.
WORDS = {
    "rulesets": "规则集",
    "ruleset_texts": "规则文件",
    "publications": "发布",
    "publication_records": "发布记录",
    "accounts": "账号",
    "api_keys": "密钥",
    "projects": "项目",
    "decisions": "决定",
    "tasks": "会审事项",
    "opinions": "会审意见",
    "attachments": "附件",
    "conclusions": "委员会结论",
    "conclusion_conditions": "准入条件",
    "commitments": "承诺",
    "reports": "实绩",
    "supervisions": "督办",
    "project_facts": "项目概况",
    "obstacles": "堵点",
    "agreements": "协议",
    "amendments": "承诺的变更",
    "proposals": "提案",
    "proposal_reviews": "审批意见",
}
SEALED = "sealed"
TOUCHED = "evidence.touched"
PAGE = 500


def _written(column: Column[Any], value: Any) -> Any:
    """A value as it is read back by ``rows``: JSON as its text, so that none has to be parsed."""
    return dump_json(value) if value is not None and isinstance(column.type, Json) else value


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, dt.date) else value


def digest_of(table: str, row: dict[str, Any]) -> str:
    """The seal of a row, by its columns' names."""
    out = LEFT_OUT.get(table, frozenset())
    data = {k: _plain(v) for k, v in row.items() if v is not None and k not in out}
    return hashlib.sha256(dump_json(data).encode()).hexdigest()


def key_of(table: Table, row: dict[str, Any]) -> str:
    """How a row is named in a seal: "decisions:5"."""
    return f"{table.name}:{'/'.join(str(row[c.name]) for c in table.primary_key.columns)}"


def columns_of(table: Table) -> list[Column[Any]]:
    """The columns that are sealed."""
    out = LEFT_OUT.get(table.name, frozenset())
    return [c for c in table.columns if c.name not in out]


@event.listens_for(Session, "after_flush")
def _note(session: Session, _context: Any) -> None:
    touched = [o for o in (*session.new, *session.dirty) if isinstance(o, EVIDENCE)]
    session.info.setdefault(TOUCHED, {}).update({id(o): o for o in touched})


def seals(session: Session) -> dict[str, str]:
    """The seals of what this session has written, and forgets that it did."""
    touched: dict[int, Base] = session.info.pop(TOUCHED, {})
    out = {}
    for one in touched.values():
        if one in session:
            table = TABLES[one.__tablename__]
            row = {c.name: _written(c, getattr(one, c.name)) for c in columns_of(table)}
            out[key_of(table, row)] = digest_of(table.name, row)
    return dict(sorted(out.items()))


def rows(session: Session) -> Iterator[tuple[str, str]]:
    """Key and digest of every row of evidence, as it is stored."""
    for table in TABLES.values():
        columns = columns_of(table)
        read = [type_coerce(c, Text) if isinstance(c.type, Json) else c for c in columns]
        query = select(*read).order_by(*table.primary_key.columns)
        names = [c.name for c in columns]
        for found in session.execute(query.execution_options(yield_per=PAGE)):
            row = dict(zip(names, found, strict=True))
            yield key_of(table, row), digest_of(table.name, row)
