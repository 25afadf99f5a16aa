"""A stored decision as verdict, why and opinion; its findings as a file; judged again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.access.security import allowed, store_of
from api.database.tables import Decision
from api.errors import Missing, Unreadable
from api.pages.assess.cases import Case, Origin, case_of
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
    STATUSES,
    VERDICTS,
    chinese_date,
    citation,
    plain_unit,
    value_text,
)
from api.store.core import Store
from api.store.projects import decisions, lookup, stages
from api.store.projects.changes import changed_fields, moved_findings
from api.store.projects.decisions import DecisionOut
from api.store.projects.supplied import KEY, label_of
from api.store.promises import commitments
from api.store.review import conclusions
from api.store.review.conclusions import ConclusionOut
from api.store.review.tasks import TaskOut, find_tasks
from api.store.work import Actor
from api.transport.parameters import Id
from api.transport.problems import ProblemError
from api.transport.telemetry import request_id
from api.workdays.china import today
from evaluator.dossier.fields import Registry
from evaluator.dossier.values import read_value

router = APIRouter(include_in_schema=False, route_class=PageRoute)
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


def _case(
    store: Store, session: Session, actor: Actor, decision_id: int
) -> tuple[DecisionOut, Case]:
    view = decisions.get(session, store.rulesets, actor, decision_id)
    judge = store.rulesets.past(session, view.ruleset)
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
    return view, case_of(origin, view.result, judge.read_snapshot(view.dossier), judge)


def _conclusion(session: Session, actor: Actor, decision_id: int) -> ConclusionOut | None:
    try:
        return conclusions.conclusion_of(session, actor, decision_id)
    except Missing:
        return None


def _tasks(
    store: Store, session: Session, actor: Actor, number: str, decision: int
) -> list[TaskOut]:
    if not allowed(actor, "review.read"):
        return []
    listed = find_tasks(session, actor, store.calendar, today(), number=number)
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
        try:
            view, case = _case(store, session, actor, decision_id)
        except Unreadable as error:
            return _as_stored(request, store, session, actor, decision_id, error)
        project = lookup.get(session, actor, view.number)
        project_seen = str(lookup.seen(session, actor, view.number))
        versions = lookup.versions(session, actor, view.number)
        tasks = _tasks(store, session, actor, view.number, view.id)
        conclusion = _conclusion(session, actor, view.id)
        promised = commitments.of_project(session, actor, view.number, today())
        changes = _changes(store, session, actor, view, versions)
        del held
    decisions.log_read(store_of(request), actor, decision_id, "decision", request_id.get())
    in_force = store.rulesets.reading().ruleset
    return verdict_page(
        request,
        case,
        versions,
        changes,
        "decision.html",
        project=project,
        acceptance=view.acceptance,
        supplied=_supplied(case, view),
        seen=view.seen,
        project_seen=project_seen,
        stage=view.stage,
        next_stage=stages.next_stage(in_force, view.stage),
        tasks=tasks,
        conclusion=conclusion,
        promised=promised,
        kinds=KINDS,
        received=bool(received),
        newest=project.decision == view.id,
        settled=all(t.state in ("done", "withdrawn") for t in tasks),
    )


def _supplied(case: Case, view: DecisionOut) -> list[dict[str, str]]:
    """What departments filled in, and who did it, in words."""
    registry = case.ruleset.registry
    return [
        {
            "names": "、".join(label_of(n, registry) for n in e["names"]),
            "department": registry.department(e["department"]),
            "person": e["person"],
        }
        for e in (view.acceptance or {}).get(KEY, ())
    ]


def _as_stored(
    request: Request,
    store: Store,
    session: Session,
    actor: Actor,
    decision_id: int,
    error: Unreadable,
) -> Response:
    """What was kept, where its ruleset cannot be read any more: nothing is judged again for it."""
    view = decisions.get(session, store.rulesets, actor, decision_id)
    conclusion = _conclusion(session, actor, decision_id)
    decisions.log_read(store, actor, decision_id, "decision", request_id.get())
    return page(
        request,
        "stored.html",
        view=view,
        data=view.result,
        why=str(error),
        conclusion=conclusion,
    )


def _changes(
    store: Store, session: Session, actor: Actor, view: DecisionOut, versions: tuple[Any, ...]
) -> dict[str, Any] | None:
    """What this version changed against the one before; None for a first version."""
    before = next((v for v in versions if v.version == view.version - 1), None)
    if before is None:
        return None
    old = decisions.get(session, store.rulesets, actor, before.decision)
    registry = store.rulesets.past(session, view.ruleset).ruleset.registry
    return {
        "verdict": {
            "from": old.verdict,
            "to": view.verdict,
            "from_word": str(old.result["sentence"]).partition("：")[0].rstrip("。")
            if old.stage
            else VERDICTS[old.verdict],
        },
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
        told = decisions.trace(session, store.rulesets, actor, decision_id, rule)
    decisions.log_read(
        store_of(request), actor, decision_id, f"finding:{rule[:80]}", request_id.get()
    )
    return page(request, "why.html", case=case, trace=told["trace"])


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
    decisions.log_read(store_of(request), actor, decision_id, "opinion", request_id.get())
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
    decisions.log_read(store_of(request), actor, decision_id, "findings", request_id.get())
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
        replayed = decisions.replay(session, store.rulesets, actor, decision_id)
        view = decisions.get(session, store.rulesets, actor, decision_id)
    decisions.log_read(store_of(request), actor, decision_id, "replay", request_id.get())
    return page(request, "replay.html", replay=asdict(replayed), number=view.number)
