"""Counts over decisions: verdicts by month, industry, department; what rules do."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any, TypeVarTuple

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session

from api.database.review_tables import Conclusion
from api.database.tables import Decision, Hit, Project
from api.store.review.outcomes import ADMITTING, STATE_OF
from api.transport.schemas import record
from evaluator.rulebook.ast import Ruleset

Row = TypeVarTuple("Row")
VERDICTS = ("pass", "refer", "reject")


# What a project's state counts as: the committee's conclusions, and what is not concluded.
CONCLUSIONS = (*STATE_OF.values(), "open")


@record
class ConclusionCountOut:
    """Projects by what the committee concluded on their newest decision; ``open``: nothing yet."""

    admitted: int
    conditional: int
    suspended: int
    rejected: int
    terminated: int
    open: int


@record
class VerdictCountOut:
    """Projects of one group: by conclusion, all of them; by newest verdict, those at the last stage."""

    key: str
    label: str
    concluded: ConclusionCountOut
    passed: int
    referred: int
    rejected: int

    @property
    def total(self) -> int:
        """All projects of the group."""
        return sum(getattr(self.concluded, c) for c in CONCLUSIONS)


@record
class RuleCountOut:
    """How often a rule stood in the way."""

    rule: str
    title: str
    violated: int
    unknown: int


def _within(query: Select[*Row], start: dt.date | None, end: dt.date | None) -> Select[*Row]:
    if start:
        query = query.where(Project.submitted_on >= start)
    if end:
        query = query.where(Project.submitted_on <= end)
    return query


def verdicts(
    session: Session, by: str, ruleset: Ruleset, start: dt.date | None, end: dt.date | None
) -> tuple[VerdictCountOut, ...]:
    """Projects by conclusion and newest verdict, ``by`` month of acceptance, industry (two digits) or
    department.

    Verdicts only of those at the last stage: before it a pass is not an admission.
    """
    at_last = or_(Project.stage.is_(None), Project.stage == ruleset.stages[-1].id)
    last = case((at_last, 1), else_=0)
    count: Counter[tuple[str, str]] = Counter()
    if by == "department":
        pairs = select(Hit.decision_id, Hit.department).distinct().subquery()
        query = (
            select(pairs.c.department, Project.verdict, Project.state, last, func.count())
            .join(Project, Project.decision_id == pairs.c.decision_id)
            .group_by(pairs.c.department, Project.verdict, Project.state, last)
        )
    else:
        column: Any = Project.submitted_on if by == "month" else Project.industry
        query = select(column, Project.verdict, Project.state, last, func.count())
        query = query.group_by(column, Project.verdict, Project.state, last)
    for value, verdict, state, counts, number in session.execute(_within(query, start, end)):
        if by == "department":
            key = value
        else:
            key = value.strftime("%Y-%m") if by == "month" else (value or "")[:3]
        count[key, f"={state if state in CONCLUSIONS else 'open'}"] += number
        count[key, verdict] += number if counts else 0
    keys = sorted({key for key, _ in count})
    labels = ruleset.registry.departments if by == "department" else {}
    return tuple(
        VerdictCountOut(
            k,
            labels.get(k, k) or "未填",
            ConclusionCountOut(*(count[k, f"={c}"] for c in CONCLUSIONS)),
            *(count[k, v] for v in VERDICTS),
        )
        for k in keys
    )


def top_reasons(
    session: Session, ruleset: Ruleset, start: dt.date | None, end: dt.date | None, limit: int = 20
) -> tuple[RuleCountOut, ...]:
    """The rules that stand in the way of most projects, by their newest decision."""
    # One pass over ix_hits_rule in its order; grouping by status as well would sort all of it.
    breached, open_ = (
        func.count(case((Hit.status == status, Hit.decision_id)).distinct())
        for status in ("violated", "unknown")
    )
    query = (
        select(Hit.rule, breached, open_)
        .join(Project, Project.decision_id == Hit.decision_id)
        .where(Hit.effect != "advise")
        .group_by(Hit.rule)
    )
    count = {
        rule: {"violated": first, "unknown": second}
        for rule, first, second in session.execute(_within(query, start, end))
    }
    ranked = sorted(count.items(), key=lambda e: (-e[1]["violated"], -e[1]["unknown"], e[0]))
    return tuple(
        RuleCountOut(rule, _title(ruleset, rule), c["violated"], c["unknown"])
        for rule, c in ranked[:limit]
    )


def _title(ruleset: Ruleset, rule: str) -> str:
    known = ruleset.rules.get(rule)
    return known.title if known else rule


def unhit_rules(session: Session, ruleset: Ruleset) -> tuple[RuleCountOut, ...]:
    """Rules in the ruleset in force that no decision ever found violated: dead, or not needed."""
    hit = set(session.scalars(select(Hit.rule).where(Hit.status == "violated").distinct()))
    return tuple(
        RuleCountOut(rule.id, rule.title, 0, 0)
        for rule in ruleset.rules.values()
        if rule.id not in hit
    )


def overridden_rules(session: Session, ruleset: Ruleset) -> tuple[RuleCountOut, ...]:
    """Rules that rejected a project which the committee then admitted: perhaps the rule is wrong."""
    query = (
        select(Hit.rule, func.count(Hit.decision_id.distinct()))
        .join(Conclusion, Conclusion.decision_id == Hit.decision_id)
        .join(Decision, Decision.id == Hit.decision_id)
        .where(
            Conclusion.outcome.in_(ADMITTING),
            Conclusion.override.is_(True),
            Hit.status == "violated",
            Hit.effect == "reject",
        )
        .group_by(Hit.rule)
    )
    counts = [
        RuleCountOut(rule, _title(ruleset, rule), number, 0)
        for rule, number in session.execute(query)
    ]
    return tuple(sorted(counts, key=lambda c: (-c.violated, c.rule)))
