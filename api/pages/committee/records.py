"""Stored projects: the list, and a decision as verdict, why and opinion."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from api.access.security import allowed, store_of
from api.database.tables import Decision, Hit
from api.errors import Missing
from api.judging.current import CurrentJudge
from api.judging.judge import Judge
from api.pages.assess.cases import Case, Origin, case_of
from api.pages.assess.industries import industry_choices
from api.pages.assess.judged import docx_response, opinion_page, verdict_page
from api.pages.committee.promises import KINDS
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.pages.frame.words import (
    EFFECTS,
    LISTS,
    OPINIONS,
    OUTCOMES,
    STATES,
    STATUSES,
    VERDICTS,
    chinese_date,
    citation,
    plain_unit,
    value_text,
)
from api.routes.choices import find_choice, find_industry, find_past_department, find_rule
from api.store.core import Store
from api.store.projects import decisions, drafts, projects
from api.store.projects.decisions import DecisionOut
from api.store.projects.projects import Filter
from api.store.promises import commitments
from api.store.review import tasks as review
from api.store.review.tasks import ConclusionOut, TaskOut
from api.store.work import Actor
from api.transport.body import parse_day
from api.transport.problems import ProblemError
from api.transport.telemetry import request_id
from api.workdays.china import today
from evaluator.dossier.fields import Registry
from evaluator.dossier.values import read_value

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Id = Annotated[int, Path(ge=1, le=2**53)]
Words = Annotated[str, Query(max_length=100)]
Short = Annotated[str, Query(max_length=60)]
PROJECTS = (
    Column("受理编号", width=17),
    Column("项目编号"),
    Column("项目名称", width=36),
    Column("投资主体", width=30),
    Column("行业代码"),
    Column("受理日期", "date"),
    Column("版本", "number"),
    Column("结论"),
    Column("状态"),
)
FINDINGS = (
    Column("规则", width=34),
    Column("事项", width=26),
    Column("清单"),
    Column("处置"),
    Column("结论"),
    Column("要求", "number"),
    Column("申报", "number"),
    Column("单位"),
    Column("差距", "number"),
    Column("责任部门", width=26),
    Column("说明", width=60),
    Column("依据", width=50),
    Column("补正", width=50),
)


def _filter(
    session: Session,
    judge: Judge,
    q: str,
    verdict: str,
    state: str,
    department: str,
    industry: str,
    rule: str,
    start: str,
    end: str,
) -> Filter:
    return Filter(
        verdict=find_choice("verdict", verdict, VERDICTS),
        department=find_past_department(session, judge, department, Hit.department),
        rule=find_rule(session, judge.ruleset, rule),
        industry=find_industry(industry),
        state=find_choice("state", state, STATES),
        start=parse_day(start or None, "from"),
        end=parse_day(end or None, "to"),
        q=q or None,
    )


@router.get("/projects")
def found(
    request: Request,
    judge: CurrentJudge,
    q: Words = "",
    verdict: Short = "",
    state: Short = "",
    department: Short = "",
    industry: Short = "",
    rule: Words = "",
    start: Annotated[str, Query(alias="from", max_length=10)] = "",
    end: Annotated[str, Query(alias="to", max_length=10)] = "",
    cursor: Short = "",
) -> Response:
    """Projects the actor may see."""
    actor = entitled(request, "read")
    with store_of(request).db.read() as session:
        wanted = _filter(session, judge, q, verdict, state, department, industry, rule, start, end)
        listed = projects.find(session, actor, wanted, cursor or None, 50)
        mine = drafts.mine(session, actor) if allowed(actor, "draft") else ()
    chosen = {
        "q": q,
        "verdict": verdict,
        "state": state,
        "department": department,
        "industry": industry,
        "rule": rule,
        "from": start,
        "to": end,
    }
    return page(
        request,
        "projects.html",
        listed=listed,
        drafts=mine,
        chosen=chosen,
        ruleset=judge.ruleset,
        industries=industry_choices(judge.ruleset),
        asked=urlencode({k: v for k, v in chosen.items() if v}),
        cursor=cursor,
    )


@router.get("/projects.{kind}")
def export(
    request: Request,
    judge: CurrentJudge,
    kind: Kind,
    q: Words = "",
    verdict: Short = "",
    state: Short = "",
    department: Short = "",
    industry: Short = "",
    rule: Words = "",
    start: Annotated[str, Query(alias="from", max_length=10)] = "",
    end: Annotated[str, Query(alias="to", max_length=10)] = "",
) -> Response:
    """The same list for a spreadsheet."""
    actor = entitled(request, "read")
    registry = judge.ruleset.registry
    with store_of(request).db.read() as session:
        wanted = _filter(session, judge, q, verdict, state, department, industry, rule, start, end)
        asked = {
            "文字": q,
            "结论": VERDICTS.get(verdict, ""),
            "状态": STATES.get(state, ""),
            "涉及部门": registry.department(wanted.department) if wanted.department else "",
            "行业代码": industry,
            "规则": rule,
            "受理日期从": start,
            "受理日期到": end,
        }
        rows = (
            (
                p.number,
                p.project_id,
                p.name,
                p.enterprise,
                p.industry,
                p.submitted_on,
                p.version,
                VERDICTS[p.verdict],
                STATES.get(p.state, p.state),
            )
            for p in projects.each(session, actor, wanted)
        )
        found = [(k, v) for k, v in asked.items() if v]
        return listing_response(
            kind, "projects", Listing("项目", PROJECTS, rows, found), title="项目清单"
        )


@router.get("/projects/{number}")
def newest(request: Request, number: Annotated[str, Path(max_length=40)]) -> Response:
    """The newest decision on a project."""
    actor = entitled(request, "read")
    with store_of(request).db.read() as session:
        return RedirectResponse(f"/decisions/{projects.get(session, actor, number).decision}", 302)


def _judge(store: Store, session: Session, identity: str) -> Judge:
    current = store.rulesets.current_in(session)
    return (
        current if current.ruleset.identity == identity else store.rulesets.past(session, identity)
    )


def _case(
    store: Store, session: Session, actor: Actor, decision_id: int
) -> tuple[DecisionOut, Case]:
    view = decisions.get(session, store.rulesets, actor, decision_id)
    judge = _judge(store, session, view.ruleset)
    origin = Origin(
        "decision",
        f"/decisions/{view.id}",
        number=view.number,
        version=view.version,
        decision=view.id,
        decided_at=view.decided_at,
        digest=view.digest,
        whole=view.whole,
    )
    return view, case_of(origin, view.result, judge.read(view.dossier), judge)


def _log_read(request: Request, actor: Actor, decision_id: int, part: str) -> None:
    with store_of(request).work(actor, request_id.get()) as work:
        work.log("decision.read", f"decision:{decision_id}", None, {"part": part})


def _conclusion(session: Session, actor: Actor, decision_id: int) -> ConclusionOut | None:
    try:
        return review.conclusion_of(session, actor, decision_id)
    except Missing:
        return None


def _tasks(
    store: Store, session: Session, actor: Actor, number: str, decision: int
) -> list[TaskOut]:
    if not allowed(actor, "review.read"):
        return []
    listed = review.tasks(session, actor, store.calendar, today(), number=number)
    return [t for t in listed if t.decision == decision]


@router.get("/decisions/{decision_id}")
def decision(
    request: Request, decision_id: Id, received: Annotated[str, Query(max_length=1)] = ""
) -> Response:
    """A decision: verdict, review, what was promised, earlier versions."""
    actor = entitled(request, "read")
    store = store_of(request)
    with store.db.read() as session:
        # Held, so that what follows finds it in the session instead of reading it again.
        held = session.get(Decision, decision_id)
        view, case = _case(store, session, actor, decision_id)
        project = projects.get(session, actor, view.number)
        versions = projects.versions(session, actor, view.number)
        tasks = _tasks(store, session, actor, view.number, view.id)
        conclusion = _conclusion(session, actor, view.id)
        promised = commitments.of_project(session, actor, view.number, today())
        changes = _changes(store, session, actor, view, versions)
        del held
    _log_read(request, actor, decision_id, "decision")
    return verdict_page(
        request,
        case,
        versions,
        changes,
        "decision.html",
        project=project,
        tasks=tasks,
        conclusion=conclusion,
        promised=promised,
        kinds=KINDS,
        received=bool(received),
        newest=project.decision == view.id,
        settled=all(t.state in ("done", "withdrawn") for t in tasks),
    )


def _changes(
    store: Store, session: Session, actor: Actor, view: DecisionOut, versions: tuple[Any, ...]
) -> dict[str, Any] | None:
    """What this version changed against the one before; None for a first version."""
    from api.store.projects.changes import changed_fields, moved_findings

    before = next((v for v in versions if v.version == view.version - 1), None)
    if before is None:
        return None
    old = decisions.get(session, store.rulesets, actor, before.decision)
    registry = _judge(store, session, view.ruleset).ruleset.registry
    return {
        "verdict": {"from": old.verdict, "to": view.verdict},
        "fields": [
            {"label": f["label"], **{k: _value(registry, f["field"], f[k]) for k in ("from", "to")}}
            for f in changed_fields(old.dossier, view.dossier, registry)
        ],
        "findings": moved_findings(old.result, view.result),
    }


def _value(registry: Registry, name: str, raw: Any) -> str:
    """A stored value of a field as pages print it."""
    field = registry.fields[name]
    return value_text(field, read_value(field, raw))


@router.get("/decisions/{decision_id}/why/{rule}")
def why(request: Request, decision_id: Id, rule: str) -> Response:
    """The trace of one stored finding."""
    actor = entitled(request, "read")
    store = store_of(request)
    with store.db.read() as session:
        _, case = _case(store, session, actor, decision_id)
        found = decisions.trace(session, store.rulesets, actor, decision_id, rule)
    _log_read(request, actor, decision_id, f"finding:{rule[:80]}")
    return page(request, "why.html", case=case, trace=found["trace"])


def _reviews(request: Request, actor: Actor, decision_id: int) -> tuple[Case, list[dict[str, str]]]:
    store = store_of(request)
    with store.db.read() as session:
        view, case = _case(store, session, actor, decision_id)
        tasks = _tasks(store, session, actor, view.number, view.id)
        concluded = _conclusion(session, actor, view.id)
    if not view.whole:
        raise ProblemError(403, "意见书涉及其他部门负责的内容，不在您的查看范围内。")
    rows = [
        {
            "department": case.ruleset.registry.department(t.department),
            "text": OPINIONS[o.opinion] + (f"：{o.reason}" if o.reason else ""),
            "by": o.person,
            "on": chinese_date(o.given_at),
        }
        for t in tasks
        for o in t.opinions
    ]
    if concluded:
        said = OUTCOMES[concluded.outcome] + ("（一事一议）" if concluded.override else "")
        basis = (
            f"批准依据：{concluded.authority}（{concluded.document_number}）。"
            if concluded.override
            else ""
        )
        rows.append(
            {
                "department": "项目准入委员会",
                "text": f"{said}：{concluded.reason}。{basis}",
                "by": concluded.person,
                "on": chinese_date(concluded.concluded_at),
            }
        )
    _log_read(request, actor, decision_id, "opinion")
    return case, rows


@router.get("/decisions/{decision_id}/opinion")
def opinion(request: Request, decision_id: Id) -> Response:
    """The opinion for printing."""
    case, rows = _reviews(request, entitled(request, "read"), decision_id)
    return opinion_page(request, case, rows)


@router.get("/decisions/{decision_id}/opinion.docx")
def opinion_file(request: Request, decision_id: Id) -> Response:
    """The opinion as a Word file."""
    case, rows = _reviews(request, entitled(request, "read"), decision_id)
    return docx_response(case, rows)


@router.get("/decisions/{decision_id}/findings.{kind}")
def findings(request: Request, decision_id: Id, kind: Kind) -> Response:
    """Every finding of a decision for a spreadsheet."""
    actor = entitled(request, "read")
    store = store_of(request)
    with store.db.read() as session:
        view, case = _case(store, session, actor, decision_id)
    _log_read(request, actor, decision_id, "findings")
    name = case.ruleset.registry.department
    rows = [
        (
            f["rule"],
            f["title"],
            LISTS[f["list"]],
            EFFECTS[f["effect"]],
            STATUSES[f["status"]],
            f["required"],
            f["value"],
            plain_unit(f["unit"]),
            (f["gap"] or {}).get("absolute"),
            "、".join(map(name, f["departments"])),
            f["message"],
            "；".join(map(citation, f["basis"])),
            f["remedy"],
        )
        for f in view.result["findings"]
    ]
    about = [
        ("受理编号", f"{view.number}，第 {view.version} 版"),
        ("项目", case.title),
        ("结论", view.result["sentence"]),
        ("按哪天的标准", chinese_date(view.result["as_of"])),
        ("规则集", f"{case.data['ruleset']['title']}，{view.ruleset}"),
        ("结论摘要", view.digest),
    ]
    return listing_response(
        kind,
        f"findings-{view.number}-{view.version}",
        Listing("单项结论", FINDINGS, rows, about),
        title=f"单项结论-{view.number}-第{view.version}版",
    )


@router.get("/decisions/{decision_id}/replay")
def replay(request: Request, decision_id: Id) -> Response:
    """Judge again from the record, and say whether the bytes are the same."""
    actor = entitled(request, "read")
    store = store_of(request)
    with store.db.read() as session:
        found = decisions.replay(session, store.rulesets, actor, decision_id)
        view = decisions.get(session, store.rulesets, actor, decision_id)
    _log_read(request, actor, decision_id, "replay")
    return page(request, "replay.html", replay=asdict(found), number=view.number)
