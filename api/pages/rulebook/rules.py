"""The rules for reading: search, and one rule in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.filters import find_choice, find_part
from api.judging.current import CurrentJudge
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.words import EFFECTS, LISTS
from api.pages.rulebook.criteria import about, criteria_named
from api.store.projects.listed import normalised
from api.transport.views import block_text
from evaluator.amend.examples import layer_of
from evaluator.judgement.inwords import condition_words
from evaluator.rulebook import ast

router = APIRouter(prefix="/rules", include_in_schema=False, route_class=PageRoute)
RULES = (
    Column("规则", width=36),
    Column("标题", width=26),
    Column("清单"),
    Column("处置"),
    Column("维度"),
    Column("适用于", width=50),
    Column("要求", width=60),
    Column("责任部门", width=30),
    Column("补正", width=50),
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule in words."""

    rule: ast.Rule
    applies: str
    requires: str
    departments: tuple[str, ...]
    dimension: str


def _row(rule: ast.Rule, ruleset: ast.Ruleset) -> RuleRow:
    return RuleRow(
        rule=rule,
        applies=condition_words(rule.applies_when, ruleset),
        requires=condition_words(rule.require, ruleset),
        departments=tuple(ruleset.registry.department(d) for d in rule.departments),
        dimension=ruleset.dimensions.get(rule.dimension or "", ""),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, as it was typed."""

    q: Annotated[str, Query(max_length=100)] = ""
    listed: Annotated[str, Query(alias="list", max_length=20)] = ""
    department: Annotated[str, Query(max_length=60)] = ""
    effect: Annotated[str, Query(max_length=10)] = ""


def _matching(ruleset: ast.Ruleset, wanted: Wanted) -> list[RuleRow]:
    """Rules by words, list, department and effect, in the order of the lists."""
    listed = find_choice("list", wanted.listed, LISTS)
    effect = find_choice("effect", wanted.effect, EFFECTS)
    department = find_choice("department", wanted.department, ruleset.registry.departments)
    words = normalised(wanted.q).split()
    order = list(LISTS)
    rows = []
    for rule in sorted(ruleset.rules.values(), key=lambda r: order.index(r.list)):
        if listed not in (None, rule.list) or effect not in (None, rule.effect.value):
            continue
        if department is not None and department not in rule.departments:
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
            rows.append(row)
    return rows


@router.get("")
def rules(request: Request, judge: CurrentJudge, wanted: Annotated[Wanted, Depends()]) -> Response:
    """Rules, as many as fit what is asked for."""
    ruleset = judge.ruleset
    asked = {
        "q": wanted.q,
        "list": wanted.listed,
        "department": wanted.department,
        "effect": wanted.effect,
    }
    return page(
        request,
        "rules.html",
        rows=_matching(ruleset, wanted),
        ruleset=ruleset,
        wanted=wanted,
        total=len(ruleset.rules),
        asked=urlencode({k: v for k, v in asked.items() if v}),
    )


@router.get(".{kind}")
def rules_file(judge: CurrentJudge, kind: Kind, wanted: Annotated[Wanted, Depends()]) -> Response:
    """The same rules in words for a spreadsheet."""
    rows = (
        (
            r.rule.id,
            r.rule.title,
            LISTS[r.rule.list],
            EFFECTS[r.rule.effect.value],
            r.dimension,
            r.applies,
            r.requires,
            "、".join(r.departments),
            r.rule.remedy,
        )
        for r in _matching(judge.ruleset, wanted)
    )
    return listing_response(kind, "rules", Listing("规则", RULES, rows, about(judge.ruleset)))


@router.get("/{rule_id}")
def rule(request: Request, judge: CurrentJudge, rule_id: str) -> Response:
    """One rule."""
    ruleset = judge.ruleset
    shown = find_part("规则", rule_id, ruleset.rules)
    basis = [
        (
            b.source.citation(b.clause) if b.source else ruleset.criteria[b.criterion or ""].title,
            b.criterion,
            b.source,
        )
        for b in shown.basis
    ]
    return page(
        request,
        "rule.html",
        row=_row(shown, ruleset),
        ruleset=ruleset,
        basis=basis,
        criteria=[ruleset.criteria[c] for c in criteria_named(shown) if c in ruleset.criteria],
        source=block_text(shown.place),
        file=layer_of(ruleset, shown.place.source.name),
    )
