"""A stored decision as verdict, why and opinion; its findings as a file; judged again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.access.security import store_of
from api.pages.assess.cases import Case
from api.pages.assess.judged import (
    Every,
    docx_response,
    opinion_page,
    picture_page,
    why_drawn,
)
from api.pages.committee.decision_page import case_at, conclusion_at, decision_page, tasks_at
from api.pages.committee.letter import sentence, spoken
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
    chinese_date,
    citation,
    plain_unit,
)
from api.store.projects import decisions
from api.store.receipts import receipt_of
from api.store.work import Actor
from api.transport.answers import answer, download
from api.transport.parameters import Id
from api.transport.problems import ProblemError
from api.transport.telemetry import request_id

router = APIRouter(include_in_schema=False, route_class=PageRoute)
# What has just happened, by the mark that the redirect after it carries.
DONE = {
    outcome: f"已记录委员会结论：{word}。结论已列在本页最上面，可以打印决定书。"
    for outcome, word in OUTCOMES.items()
} | {
    "promised": "已登记承诺。",
    "reported": "已填报实绩。",
    "raised": "已提出堵点。",
    "facts": "已改项目概况。",
}
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


@router.get("/decisions/{decision_id}")
def decision(
    request: Request,
    decision_id: Id,
    received: Annotated[str, Query(max_length=1)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """A decision: verdict, review, what was promised, earlier versions."""
    actor = entitled(request, "read")
    return decision_page(
        request, actor, decision_id, told=DONE.get(done, ""), received=bool(received)
    )


@router.get("/decisions/{decision_id}/why/{rule}")
def why(request: Request, decision_id: Id, rule: str) -> Response:
    """The trace of one stored finding."""
    actor = entitled(request, "read")
    store = store_of(request)
    with store.db.read() as session:
        _, case = case_at(store, session, actor, decision_id)
        told = decisions.trace(session, store.rulesets, actor, decision_id, rule)
        evaluation = decisions.evaluation_of(session, store.rulesets, actor, decision_id)
    decisions.log_read(
        store_of(request), actor, decision_id, f"finding:{rule[:80]}", request_id.get()
    )
    return page(
        request,
        "why.html",
        case=case,
        trace=told["trace"],
        drawn=why_drawn(evaluation, rule),
    )


@router.get("/decisions/{decision_id}/picture")
def picture(request: Request, decision_id: Id, every: Every = False) -> Response:
    """What a stored verdict rests on, of the findings that the actor may see."""
    actor = entitled(request, "read")
    store = store_of(request)
    with store.db.read() as session:
        _, case = case_at(store, session, actor, decision_id)
        evaluation = decisions.evaluation_of(session, store.rulesets, actor, decision_id)
    decisions.log_read(store, actor, decision_id, "picture", request_id.get())
    return picture_page(request, case, evaluation, every)


def _reviews(request: Request, actor: Actor, decision_id: int) -> tuple[Case, list[dict[str, str]]]:
    store = store_of(request)
    with store.db.read() as session:
        view, case = case_at(store, session, actor, decision_id)
        tasks = tasks_at(store, session, actor, view.number, view.id)
        concluded = conclusion_at(session, actor, view.id)
    if not view.whole:
        raise ProblemError(403, "意见书涉及其他部门负责的内容，不在您的查看范围内。")
    rows = [
        {
            "department": case.ruleset.registry.department(t.department),
            "text": OPINIONS[o.opinion] + (f"：{sentence(o.reason)}" if o.reason else ""),
            "by": o.person,
            "on": chinese_date(o.given_at),
        }
        for t in tasks
        for o in t.opinions
    ]
    if concluded:
        rows.insert(0, spoken(concluded))
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
        view, case = case_at(store, session, actor, decision_id)
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


@router.get("/decisions/{decision_id}/receipt.json")
def receipt(request: Request, decision_id: Id) -> Response:
    """The receipt, as a file to hand out."""
    actor, store = entitled(request, "read"), store_of(request)
    with store.db.read() as session:
        sealed = receipt_of(session, actor, decision_id, request.app.state.signer)
    decisions.log_read(store, actor, decision_id, "receipt", request_id.get())
    about = sealed["decision"]
    title = f"决定凭证-{about['number']}-第{about['version']}版.json"
    plain = f"receipt-{about['number']}-{about['version']}.json"
    headers = {"Content-Disposition": download(title, plain)}
    return answer(sealed, 200, headers)
