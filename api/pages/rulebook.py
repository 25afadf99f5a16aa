"""The rules and criteria for reading: search, one rule in words, one criterion with its history."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.pages.errors import PageRoute
from api.pages.render import page
from api.pages.tables import csv_response
from api.pages.words import CHINA, EFFECTS, LISTS
from api.problems import ProblemError
from api.routes.stateless import CurrentJudge
from api.store.submissions import normalised
from api.views import block_text
from evaluator.criteria import Criterion, Period, Provenance
from evaluator.inwords import condition_words
from evaluator.numbers import exact_text
from evaluator.rulebook.ast import Compare, CriterionRef, Each, Member, Rule, Ruleset, leaves
from evaluator.yamlio import suggest

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=PageRoute)
KINDS = {"floor": "下限", "ceiling": "上限", "list": "名录", "value": "数值"}


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule in words."""

    rule: Rule
    applies: str
    requires: str
    departments: tuple[str, ...]
    dimension: str


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a criterion's table."""

    keys: str
    value: str
    unit: str | None
    basis: str
    verified: bool
    note: str
    changed: str


def _row(rule: Rule, ruleset: Ruleset) -> RuleRow:
    return RuleRow(
        rule, condition_words(rule.applies_when, ruleset), condition_words(rule.require, ruleset),
        tuple(ruleset.registry.department(d) for d in rule.departments),
        ruleset.dimensions.get(rule.dimension or "", ""),
    )  # fmt: skip


def criteria_of(rule: Rule) -> tuple[str, ...]:
    """The criteria that a rule compares with, or names as its basis."""
    found: dict[str, None] = {}
    for leaf in (*leaves(rule.applies_when), *leaves(rule.require)):
        if isinstance(leaf, Compare) and isinstance(leaf.right, CriterionRef):
            found[leaf.right.id] = None
        elif isinstance(leaf, (Each, Member)) and leaf.criterion:
            found[leaf.criterion] = None
    found.update(dict.fromkeys(b.criterion for b in rule.basis if b.criterion))
    return tuple(found)


@router.get("/rules")
def rules(
    request: Request, judge: CurrentJudge, q: Annotated[str, Query(max_length=100)] = "",
    kind: Annotated[str, Query(alias="list", max_length=20)] = "",
    department: Annotated[str, Query(max_length=60)] = "",
    effect: Annotated[str, Query(max_length=10)] = "",
) -> Response:  # fmt: skip
    """Rules by words, list, department and effect."""
    ruleset = judge.ruleset
    words = normalised(q).split()
    found = []
    order = list(LISTS)
    for rule in sorted(ruleset.rules.values(), key=lambda r: order.index(r.list)):
        if (kind and rule.list != kind) or (effect and rule.effect.value != effect):
            continue
        if department and department not in rule.departments:
            continue
        row = _row(rule, ruleset)
        text = normalised(
            rule.id,
            rule.title,
            row.applies,
            row.requires,
            rule.message,
            rule.remedy,
            *row.departments,
        )
        if all(word in text for word in words):
            found.append(row)
    return page(
        request, "rules.html", rows=found, ruleset=ruleset, q=q, kind=kind, department=department,
        effect=effect, total=len(ruleset.rules),
    )  # fmt: skip


@router.get("/rules.csv")
def rules_file(judge: CurrentJudge) -> Response:
    """Every rule in words for a spreadsheet."""
    rows = [_row(rule, judge.ruleset) for rule in judge.ruleset.rules.values()]
    head = ("规则", "标题", "清单", "性质", "方面", "适用于", "要求", "责任部门", "补正")
    return csv_response("rules", head, (
        (r.rule.id, r.rule.title, LISTS[r.rule.list], EFFECTS[r.rule.effect.value], r.dimension,
         r.applies, r.requires, "、".join(r.departments), r.rule.remedy)
        for r in rows
    ))  # fmt: skip


@router.get("/rules/{rule_id}")
def rule(request: Request, judge: CurrentJudge, rule_id: str) -> Response:
    """One rule."""
    ruleset = judge.ruleset
    found = ruleset.rules.get(rule_id)
    if found is None:
        raise ProblemError(
            404, f"没有规则“{rule_id[:80]}”。{suggest(rule_id, ruleset.rules) or ''}"
        )
    basis = [
        (
            b.source.citation(b.clause) if b.source else ruleset.criteria[b.criterion or ""].title,
            b.criterion,
            b.source,
        )
        for b in found.basis
    ]
    return page(
        request, "rule.html", row=_row(found, ruleset), ruleset=ruleset, basis=basis,
        criteria=[ruleset.criteria[c] for c in criteria_of(found) if c in ruleset.criteria],
        source=block_text(found.place),
    )  # fmt: skip


@router.get("/criteria")
def criteria(
    request: Request, judge: CurrentJudge, q: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Criteria by words."""
    words = normalised(q).split()
    today = dt.datetime.now(CHINA).date()
    rows = []
    for found in judge.ruleset.criteria.values():
        if all(w in normalised(found.id, found.title) for w in words):
            rows.append((found, KINDS[found.kind.value], found.period(today, today)))
    return page(request, "criteria.html", rows=rows, q=q, ruleset=judge.ruleset, exact=exact_text,
                total=len(judge.ruleset.criteria), today=today)  # fmt: skip


@router.get("/criteria/{criterion_id}")
def criterion(request: Request, judge: CurrentJudge, criterion_id: str) -> Response:
    """One criterion, its newest period first."""
    ruleset = judge.ruleset
    found = ruleset.criteria.get(criterion_id)
    if found is None:
        raise ProblemError(
            404,
            f"没有准入标准“{criterion_id[:80]}”。{suggest(criterion_id, ruleset.criteria) or ''}",
        )
    users = [r for r in ruleset.rules.values() if criterion_id in criteria_of(r)]
    periods = [(p, _period(found, at, ruleset)) for at, p in enumerate(found.periods)][::-1]
    return page(
        request, "criterion.html", criterion=found, kind=KINDS[found.kind.value], periods=periods,
        users=users, ruleset=ruleset, source=block_text(found.place),
        today=dt.datetime.now(CHINA).date(), cite=_cite,
    )  # fmt: skip


def _period(criterion: Criterion, at: int, ruleset: Ruleset) -> tuple[RowView, ...]:
    """The rows of a period, each with what it was in the period before."""
    period: Period = criterion.periods[at]
    before = {r.title(): r for r in criterion.periods[at - 1].rows} if at else {}
    out = []
    for row in period.rows:
        unit = row.unit.name if row.unit else None
        changed = ""
        old = before.get(row.title())
        if at and old is None:
            changed = "新增"
        elif old is not None and old.value != row.value:
            changed = f"原为 {exact_text(old.value)}"
        keys = "；".join(
            f"{ruleset.registry.label(d)} {'、'.join(_word(ruleset, d, w) for w in ws)}"
            for d, ws in row.keys.items()
        )
        out.append(RowView(keys or "默认", exact_text(row.value), unit, _cite(row.provenance),
                           row.provenance.verified, row.provenance.note or "", changed))  # fmt: skip
    return tuple(out)


def _word(ruleset: Ruleset, dimension: str, word: str) -> str:
    field = ruleset.registry.references.get(dimension)
    if field is None:
        return word
    return field.values.get(word) or field.keys.get(word) or word


def _cite(provenance: Provenance | None) -> str:
    return provenance.source.citation(provenance.clause) if provenance else ""
