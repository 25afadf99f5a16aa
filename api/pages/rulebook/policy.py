"""The policy changelog, and proposals and what they move as lists for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.access.security import store_of
from api.filters import find_choice
from api.judging.current import ReadingJudge
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.pages.frame.words import VERDICTS
from api.store import accounts
from api.store.proposals import publishing, reading
from api.store.proposals.publishing import PublicationOut
from api.store.proposals.reading import STATES, ProposalOut
from api.transport.parameters import Before, Id

router = APIRouter(include_in_schema=False, route_class=PageRoute)
PAGE, BATCH = 30, 100
PUBLICATION_STATES = {"in_force": "现行", "scheduled": "尚未生效", "past": "已被替换"}
PUBLICATIONS = (
    Column("次序", "number"),
    Column("标题", width=36),
    Column("状态"),
    Column("生效日期", "date"),
    Column("发布时间", "time"),
    Column("发布人"),
    Column("理由", width=50),
    Column("提案", "number"),
    Column("起草人"),
    Column("批准人"),
    Column("改了什么", width=80),
    Column("规则集标识", width=66),
)
PROPOSALS = (
    Column("提案", "number"),
    Column("改什么", width=40),
    Column("为什么改", width=50),
    Column("状态"),
    Column("稿", "number"),
    Column("起草人"),
    Column("批准人"),
    Column("检查"),
    Column("还不能送审或发布", width=50),
    Column("起草时间", "time"),
    Column("更新时间", "time"),
)
MOVED = (
    Column("受理编号或决定", width=20),
    Column("项目编号", width=20),
    Column("行业代码"),
    Column("现行结论"),
    Column("按提案的结论"),
    Column("因哪些规则", width=60),
)


@router.get("/publications")
def publications(request: Request, before: Before = None) -> Response:
    """The policy changelog."""
    entitled(request, "proposal.read")
    with store_of(request).db.read() as session:
        listed = publishing.history(session, PAGE + 1, before)
        people = accounts.display_names(session)
    return page(
        request,
        "publications.html",
        publications=listed[:PAGE],
        people=people,
        before=before,
        states=PUBLICATION_STATES,
        older=listed[PAGE - 1].id if len(listed) > PAGE else None,
    )


@router.get("/publications.{kind}")
def publications_file(request: Request, kind: Kind) -> Response:
    """The policy changelog for a spreadsheet."""
    entitled(request, "proposal.read")
    with store_of(request).db.read() as session:
        people = accounts.display_names(session)
        rows = (
            (
                p.id,
                p.title,
                PUBLICATION_STATES.get(p.state, p.state),
                p.effective_on,
                p.published_at,
                people.get(p.published_by, p.published_by),
                p.reason,
                p.proposal,
                people.get(p.drafted_by or "", p.drafted_by),
                people.get(p.approved_by or "", p.approved_by),
                _changes(p.changes),
                p.identity,
            )
            for p in _history(session)
        )
        return listing_response(kind, "publications", Listing("规则集的发布", PUBLICATIONS, rows))


def _history(session: Session) -> Iterator[PublicationOut]:
    before = None
    while batch := publishing.history(session, BATCH, before):
        yield from batch
        before = batch[-1].id


def _changes(changes: dict[str, Any] | None) -> str:
    entries = (changes or {}).get("entries", ())
    return "\n".join(f"{e['title']}：{'；'.join(e['lines'])}" for e in entries)


@router.get("/proposals.{kind}")
def proposals_file(
    request: Request, kind: Kind, state: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Proposals for a spreadsheet."""
    entitled(request, "proposal.read")
    find_choice("state", state, STATES)
    with store_of(request).db.read() as session:
        people = accounts.display_names(session)
        rows = (
            (
                p.id,
                p.title,
                p.reason,
                p.label,
                p.revision,
                people.get(p.drafted_by, p.drafted_by),
                people.get(p.approved_by or "", p.approved_by),
                p.run["label"] if p.run else None,
                "；".join(p.blockers),
                p.created_at,
                p.updated_at,
            )
            for p in _proposals(session, state)
        )
        asked = [("状态", STATES[state])] if state else []
        return listing_response(kind, "proposals", Listing("规则提案", PROPOSALS, rows, asked))


def _proposals(session: Session, state: str) -> Iterator[ProposalOut]:
    before = None
    while batch := reading.listed(session, state or None, BATCH, before):
        yield from batch
        before = batch[-1].id


@router.get("/proposals/{proposal_id}/moved.{kind}")
def moved_file(request: Request, judge: ReadingJudge, proposal_id: Id, kind: Kind) -> Response:
    """The stored decisions whose verdict a proposal moves, for a spreadsheet."""
    entitled(request, "proposal.read")
    with store_of(request).db.read() as session:
        view = reading.get(session, proposal_id)
        impact = reading.run_of(session, proposal_id).result.get("impact", {})
    rules = judge.ruleset.rules
    rows = (
        (
            m["ref"],
            m["project_id"],
            m["industry"],
            VERDICTS[m["old"]],
            VERDICTS[m["new"]],
            "、".join(rules[r].title if r in rules else r for r in m["rules"]),
        )
        for m in impact.get("moved", ())
    )
    about = [
        ("提案", f"第 {view.id} 号：{view.title}，第 {view.revision} 稿"),
        (
            "结论改变",
            f"{impact.get('moved_total', 0)} 次，表中列出 {len(impact.get('moved', ()))} 次",
        ),
        ("判定总数", f"{impact.get('total', 0)} 次"),
    ]
    return listing_response(
        kind,
        f"moved-{view.id}",
        Listing("结论改变的项目", MOVED, rows, about),
        title=f"结论改变的项目-第{view.id}号提案",
    )
