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
from api.pages.frame.pictures import drawn
from api.pages.frame.render import page
from api.pages.frame.words import EFFECTS, LISTS
from api.pages.rulebook.criteria import about
from api.transport.views import block_text
from evaluator.amend.examples import layer_of
from evaluator.judgement.lookup import (
    RuleWords,
    criteria_named,
    found_rules,
    normalised,
    rule_words,
)
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
class Wanted:
    """What is looked for, as it was typed."""

    q: Annotated[str, Query(max_length=100)] = ""
    listed: Annotated[str, Query(alias="list", max_length=20)] = ""
    department: Annotated[str, Query(max_length=60)] = ""
    effect: Annotated[str, Query(max_length=10)] = ""


def _matching(ruleset: ast.Ruleset, wanted: Wanted) -> list[RuleWords]:
    """Rules by words, list, department and effect, in the order of the lists."""
    listed = find_choice("list", wanted.listed, LISTS)
    effect = find_choice("effect", wanted.effect, EFFECTS)
    department = find_choice("department", wanted.department, ruleset.registry.departments)
    order = list(LISTS)
    return [
        told
        for told in sorted(
            found_rules(ruleset, normalised(wanted.q).split()),
            key=lambda told: order.index(told.rule.list),
        )
        if listed in (None, told.rule.list)
        and effect in (None, told.rule.effect.value)
        and (department is None or department in told.rule.departments)
    ]


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


@router.get("/picture")
def rules_picture(
    request: Request, judge: CurrentJudge, wanted: Annotated[Wanted, Depends()]
) -> Response:
    """What the same rules rest on."""
    found = [told.rule.id for told in _matching(judge.ruleset, wanted)]
    title = f"{judge.ruleset.title}：{len(found)} 条规则靠什么"
    return page(
        request,
        "rests.html",
        drawn=drawn(judge.ruleset, found, title),
        crumbs=[("/rules", "规则")],
        judged=False,
    )


@router.get("/{rule_id}")
def rule(request: Request, judge: CurrentJudge, rule_id: str) -> Response:
    """One rule."""
    ruleset = judge.ruleset
    shown = find_part("规则", rule_id, ruleset.rules)
    return page(
        request,
        "rule.html",
        row=rule_words(shown, ruleset),
        drawn=drawn(ruleset, [rule_id], f"{shown.title}：靠哪些数"),
        ruleset=ruleset,
        criteria=[ruleset.criteria[c] for c in criteria_named(shown) if c in ruleset.criteria],
        source=block_text(shown.place),
        file=layer_of(ruleset, shown.place.source.name),
        card=next((c for c in ruleset.scorecards.values() if rule_id in c.rule_ids), None),
    )
