"""Whom a proposal touches: each count of its impact opened; its shadow; beside another proposal."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.access.security import store_of
from api.judging.current import ReadingJudge
from api.judging.workers import source_of
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.pages.frame.words import VERDICTS
from api.store.proposals import reading, shadow
from api.store.proposals.reading import ProposalOut
from api.store.proposals.rivals import compared
from api.transport.parameters import Id
from evaluator.dossier.fields import AMOUNTS, Registry
from evaluator.revision.told import (
    WAYS,
    Where,
    card_title,
    points_text,
    score_words,
    touched_words,
)
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import CHANGE_LABELS

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Word = Annotated[str, Query(max_length=200)]
SHOWN = 500


def _where(
    rule: Word = "",
    change: Word = "",
    card: Word = "",
    way: Word = "",
    department: Word = "",
    industry: Word = "",
    old: Word = "",
    new: Word = "",
) -> Where:
    return Where(rule, change, card, way, department, industry, old, new)


Asked = Annotated[Where, Depends(_where)]


def asked_words(where: Where, ruleset: Ruleset) -> list[tuple[str, str]]:
    """What is asked for, as label and words."""
    rule = ruleset.rules.get(where.rule)
    given = [
        ("规则", rule.title if rule else where.rule),
        ("变化", {c.value: w for c, w in CHANGE_LABELS.items()}.get(where.change, where.change)),
        ("评分表", card_title(where.card, ruleset) if where.card else ""),
        ("得分", WAYS.get(where.way, where.way)),
        ("部门", ruleset.registry.department(where.department) if where.department else ""),
        ("行业", where.industry),
        ("现行结论", VERDICTS.get(where.old, where.old)),
        ("按提案的结论", VERDICTS.get(where.new, where.new)),
    ]
    return [(label, words) for label, words in given if words]


def _found(
    request: Request, proposal_id: int, where: Where
) -> tuple[ProposalOut, dict[str, Any], list[dict[str, Any]]]:
    with store_of(request).db.read() as session:
        view = reading.get(session, proposal_id)
        impact = reading.run_of(session, proposal_id).result.get("impact", {})
    return view, impact, [t for t in impact.get("touched", ()) if where.holds(t)]


@router.get("/proposals/{proposal_id}/touched")
def touched(request: Request, judge: ReadingJudge, proposal_id: Id, where: Asked) -> Response:
    """The decisions behind one count, with all that changes for each."""
    entitled(request, "proposal.read")
    view, impact, found = _found(request, proposal_id, where)
    return page(
        request,
        "proposal_touched.html",
        p=view,
        impact=impact,
        found=found[:SHOWN],
        total=len(found),
        cut=impact.get("touched_total", 0) > len(impact.get("touched", ())),
        asked=asked_words(where, judge.ruleset),
        query=request.url.query,
        words=lambda t: touched_words(t, judge.ruleset),
    )


def _columns(registry: Registry) -> tuple[Column, ...]:
    fields = [registry.fields[n] for n in AMOUNTS]
    return (
        Column("受理编号和版次", width=20),
        Column("项目编号", width=20),
        Column("行业代码"),
        Column("现行结论"),
        Column("按提案的结论"),
        Column("变化", width=60),
        Column("得分变化", width=40),
        *(Column(f.label, "number", f.unit.name if f.unit else None) for f in fields),
    )


@router.get("/proposals/{proposal_id}/touched.{kind}")
def touched_file(
    request: Request, judge: ReadingJudge, proposal_id: Id, kind: Kind, where: Asked
) -> Response:
    """The same for a spreadsheet."""
    entitled(request, "proposal.read")
    view, impact, found = _found(request, proposal_id, where)
    rows = (
        (
            t["ref"],
            t["project_id"],
            t["industry"],
            VERDICTS[t["old"]],
            VERDICTS[t["new"]],
            "；".join(touched_words(t, judge.ruleset)),
            "；".join(f"{s['card']} {points_text(s)}" for s in t["scores"]),
            *(t["amounts"][n] for n in AMOUNTS),
        )
        for t in found
    )
    about = [
        ("提案", f"第 {view.id} 号：{view.title}，第 {view.revision} 稿"),
        ("有变动", f"{impact.get('touched_total', 0)} 次，表中列出 {len(found)} 次"),
        *asked_words(where, judge.ruleset),
    ]
    return listing_response(
        kind,
        f"touched-{view.id}",
        Listing("有变动的项目", _columns(judge.ruleset.registry), rows, about),
        title=f"有变动的项目-第{view.id}号提案",
    )


@router.get("/proposals/{proposal_id}/shadow")
def shadowed(request: Request, judge: ReadingJudge, proposal_id: Id) -> Response:
    """What an approved draft would have said otherwise of decisions since."""
    entitled(request, "proposal.read")
    with store_of(request).db.read() as session:
        view = reading.get(session, proposal_id)
        found = shadow.of(session, proposal_id)
    return page(
        request,
        "proposal_shadow.html",
        p=view,
        shadow=found,
        words=lambda t: touched_words(t, judge.ruleset),
    )


@router.get("/proposals/{proposal_id}/comparison")
def comparison(
    request: Request,
    judge: ReadingJudge,
    proposal_id: Id,
    other: Annotated[int, Query(ge=1, le=2**53)],
) -> Response:
    """Two drafts on the same decisions."""
    entitled(request, "proposal.read")
    with store_of(request).db.read() as session:
        views = [reading.get(session, number) for number in (proposal_id, other)]
    db, workers = store_of(request).db, request.app.state.workers
    count, impact = compared(db, workers, source_of(request), proposal_id, other)
    return page(
        request,
        "proposal_comparison.html",
        one=views[0],
        other=views[1],
        count=count,
        impact=impact,
        matrix={(m["old"], m["new"]): m["count"] for m in impact["matrix"]},
        ruleset=judge.ruleset,
        changes=CHANGE_LABELS,
        score_words=score_words,
        words=lambda t: touched_words(t, judge.ruleset),
    )
