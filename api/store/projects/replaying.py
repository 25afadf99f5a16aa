"""Judging many stored decisions again: after an upgrade or a restore, all of them.

Ruleset by ruleset, so that each is loaded once, and in small transactions, so that a service may go
on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.tables import Decision, Project
from api.errors import StoreError
from api.store.projects.decisions import judge_again
from api.store.rulesets import Rulesets
from evaluator.judgement.result import judgement
from evaluator.problems.errors import AdmissionError
from evaluator.rulebook.verdict import VERDICT_LABELS, Verdict

BATCH = 50
Outcome = Literal["identical", "reworded", "differs", "altered", "unreadable"]
# What must not be after an upgrade or a restore.
WRONG: frozenset[Outcome] = frozenset({"differs", "altered", "unreadable"})


@dataclass(frozen=True, slots=True)
class Replayed:
    """How one decision came out, judged again.

    ``identical``: the same bytes. ``reworded``: the same judgement, in the words of another version.
    ``differs``: another judgement. ``altered``: what is stored does not have its digests.
    ``unreadable``: its ruleset or dossier cannot be read; ``detail`` says why.
    """

    decision: int
    number: str
    version: int
    outcome: Outcome
    detail: str = ""


def count(session: Session, ids: Sequence[int] = ()) -> int:
    """How many decisions there are to be judged again: those of ``ids``, or all."""
    query = select(func.count()).select_from(Decision)
    return session.scalar(query.where(Decision.id.in_(ids)) if ids else query) or 0


def replay_all(db: Database, rulesets: Rulesets, ids: Sequence[int] = ()) -> Iterator[Replayed]:
    """Judge the decisions of ``ids``, or all there are, again; one at a time, by ruleset."""
    with db.read() as session:
        query = select(Decision.ruleset).distinct().order_by(Decision.ruleset)
        used = session.scalars(query).all()
    for identity in used:
        after = 0
        while True:
            with db.read() as session:
                chosen = (
                    select(Decision, Project.number)
                    .join(Project, Project.id == Decision.project_id)
                    .where(Decision.ruleset == identity, Decision.id > after)
                    .order_by(Decision.id)
                    .limit(BATCH)
                )
                rows = session.execute(chosen.where(Decision.id.in_(ids)) if ids else chosen).all()
                if not rows:
                    break
                for decision, number in rows:
                    yield _replayed(session, rulesets, decision, number)
                    after = decision.id


def _replayed(session: Session, rulesets: Rulesets, decision: Decision, number: str) -> Replayed:
    outcome: Outcome
    detail = ""
    try:
        again = judge_again(session, rulesets, decision)
    except (StoreError, AdmissionError, ValueError, KeyError) as error:
        outcome, detail = "unreadable", str(error) or type(error).__name__
    else:
        if not again.intact:
            outcome = "altered"
        elif again.identical:
            outcome = "identical"
        else:
            outcome = "reworded" if again.same_judgement else "differs"
            if outcome == "differs":
                detail = _difference(again.kept, again.judged.data)
    return Replayed(decision.id, number, decision.version, outcome, detail)


def _difference(kept: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    old, new = judgement(kept), judgement(now)
    if old["verdict"] != new["verdict"]:
        return " → ".join(VERDICT_LABELS[Verdict(j["verdict"])] for j in (old, new))
    before = {f["rule"]: f for f in old["findings"]}
    after = {f["rule"]: f for f in new["findings"]}
    moved = sorted(r for r in before.keys() | after.keys() if before.get(r) != after.get(r))
    return f"结论相同，不同的单项结论：{'、'.join(moved)}" if moved else "结论相同，标签或日期不同"
