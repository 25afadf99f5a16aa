"""Consistency of people: like projects that were concluded unlike.

A pair is a project that was refused though it is no worse, in all that the rules in force count, than
one that was admitted. It says nothing about who is right: both reasons stand beside each other.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database.review_tables import Conclusion
from api.database.tables import Decision, Project
from api.store.review.outcomes import ADMITTED, STATE_OF
from api.transport.schemas import record
from api.transport.shapes import Words
from evaluator.dossier.dossier import Profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.standing import Standing, better_in, no_worse, standing
from evaluator.revision.tally import profile_of
from evaluator.rulebook.ast import Ruleset

REFUSED = STATE_OF["reject"]
MAX_PROJECTS = 2000  # The newest: pairs grow with the square.
MAX_PAIRS = 200


@record
class ConcludedOut:
    """One of a pair: what was concluded, when, and why."""

    number: str
    name: str
    decision: int
    industry: str | None
    outcome: str
    concluded_on: dt.date
    body: str | None
    reason: str


@record
class PairOut:
    """A refused project that is no worse than an admitted one."""

    refused: ConcludedOut
    admitted: ConcludedOut
    better: Annotated[Words, Field(description="被拒的一个在哪些规则或评分表上更好；空则都一样")]


@record
class ConsistencyOut:
    """The pairs among the newest concluded projects."""

    refused: Annotated[int, Field(description="比较了多少个不予准入的项目")]
    admitted: Annotated[int, Field(description="比较了多少个准入和附条件准入的项目")]
    total: Annotated[int, Field(description="一共有多少对")]
    pairs: Annotated[list[PairOut], Field(description=f"至多 {MAX_PAIRS} 对，新作的结论在前")]


Held = tuple[ConcludedOut, Standing]


def consistency(session: Session, ruleset: Ruleset) -> ConsistencyOut:
    """Every pair among the newest concluded projects, judged by ``ruleset``, each as of its own day."""
    refused, admitted = _concluded(session, ruleset)
    found = [(x, y, better_in(a, b)) for x, a in refused for y, b in admitted if no_worse(a, b)]
    found.sort(key=lambda pair: (pair[0].concluded_on, pair[0].decision), reverse=True)
    pairs = [PairOut(refused=x, admitted=y, better=list(b)) for x, y, b in found[:MAX_PAIRS]]
    return ConsistencyOut(
        refused=len(refused), admitted=len(admitted), total=len(found), pairs=pairs
    )


def _concluded(session: Session, ruleset: Ruleset) -> tuple[list[Held], list[Held]]:
    newest = select(func.max(Conclusion.id)).group_by(Conclusion.decision_id)
    rows = session.execute(
        select(Conclusion, Project, Decision)
        .join(Project, Project.decision_id == Conclusion.decision_id)
        .join(Decision, Decision.id == Conclusion.decision_id)
        .where(Conclusion.id.in_(newest), Project.state.in_((REFUSED, *ADMITTED)))
        .order_by(Conclusion.id.desc())
        .limit(MAX_PROJECTS)
    )
    refused: list[Held] = []
    admitted: list[Held] = []
    for conclusion, project, decision in rows:
        stands = _standing(_Judge(ruleset), decision.dossier, decision.as_of)
        if stands is None:
            continue
        shown = ConcludedOut(
            number=project.number,
            name=project.name,
            decision=decision.id,
            industry=project.industry,
            outcome=conclusion.outcome,
            concluded_on=conclusion.concluded_on or conclusion.concluded_at.date(),
            body=conclusion.body,
            reason=conclusion.reason,
        )
        (refused if project.state == REFUSED else admitted).append((shown, stands))
    return refused, admitted


class _Judge:
    """A ruleset by its identity, so that what it says of a dossier is worked out once."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset

    def __hash__(self) -> int:
        return hash(self.ruleset.identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Judge) and other.ruleset.identity == self.ruleset.identity


@lru_cache(maxsize=4)
def _engine(judge: _Judge) -> ReferenceEngine:
    return ReferenceEngine(judge.ruleset)


@lru_cache(maxsize=2 * MAX_PROJECTS)
def _standing(judge: _Judge, dossier: str, day: dt.date) -> Standing | None:
    """None for a dossier that the fields of now cannot read."""
    profile: Profile | None = profile_of(judge.ruleset, json.loads(dossier, parse_float=Decimal))
    return None if profile is None else standing(_engine(judge), profile, day)
